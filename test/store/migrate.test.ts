import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { openSqlite } from '../../src/store/sqlite.ts'
import { handler } from '../../src/testing/scene.ts'
import { eventBody } from '../chaos/delivery.ts'
import { allSettled, folderFor, found, here, senderTo } from '../chaos/here.ts'

/** What is left of the program of commit 15748d4, which was killed under work: three leases, a dead letter, three retries. */
const OLD = new URL('./migrate/ledger-2.sql', import.meta.url)
const OPEN = 26
const DONE = 9

function oldLedger(folder: string): void {
  const db = new DatabaseSync(join(folder, 'ledger.db'))
  db.exec(readFileSync(OLD, 'utf8'))
  db.close()
}

async function schemaOf(t: TestContext, change: (known: number) => number) {
  const path = join(folderFor(t), 'ledger.db')
  await (await openSqlite({ path })).close()
  const db = new DatabaseSync(path)
  const known = Number(db.prepare('pragma user_version').get()!['user_version'])
  db.exec(`pragma user_version = ${change(known)}`)
  db.close()
  return path
}

test('a ledger of an earlier schema is brought up to date while deliveries arrive: all that was open is worked once', async (t) => {
  const folder = folderFor(t)
  oldLedger(folder)
  const cluster = here(t, folder)
  const worked: string[] = []
  cluster.on('*', { name: 'other' }, ({ id }) => void worked.push(id))
  await cluster.start()
  const sender = senderTo(t, cluster)
  const repeats = Array.from({ length: 36 }, (_, n) => `evt_${n}`)
  const fresh = Array.from({ length: 40 }, (_, n) => `evt_new_${n}`)

  const answers = await Promise.all(
    [...repeats, ...fresh].map((id) => sender.post(eventBody({ id, customer: `cus_${id.at(-1)}` }))),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  const later = { query: { state: 'waiting' as const }, limit: 100 }
  await cluster.store.ledger.move(later, { kind: 'reopen', forget: 'nothing' }, { by: 'test', why: 'now' })
  await allSettled(cluster)

  const rows = await found(cluster)
  assert.equal(rows.length, 36 + 40)
  assert.deepEqual(
    rows.filter(({ state }) => state !== 'done').map(({ id, state, reason }) => `${id} ${state} ${reason}`),
    [`${rows.find(({ state }) => state === 'dead')?.id} dead refused`],
  )
  assert.equal(worked.length, OPEN + 40)
  assert.equal(new Set(worked).size, worked.length)
  assert.equal(await cluster.store.journal.verify(), null)
})

test('what the old program had done stays done, and what it remembered is remembered', async (t) => {
  const folder = folderFor(t)
  oldLedger(folder)
  const store = await openSqlite({ path: join(folder, 'ledger.db') })
  t.after(() => store.close())

  const done = await store.ledger.find({ state: 'done', limit: 100 })
  const handles = [handler({ name: 'other' })]
  const leased = []
  for (let more = true; more; ) {
    const work = await store.ledger.lease({ max: 1, waitMs: 0, worker: 'w', release: 'new', handles })
    leased.push(...work)
    await store.ledger.settle(
      work.map((one) => ({ work: one, outcome: { kind: 'done', reason: 'worked' }, returned: ['other'] })),
    )
    more = work.length > 0
  }

  assert.equal(done.data.length, DONE)
  assert.equal(leased.filter(({ lost }) => lost > 0).length, 3, 'leases of the program that was killed are lost')
  assert.equal(leased.filter(({ remembered }) => remembered['once:one/mail'] === 'sent').length, 1)
})

test('a schema that is one newer is taken as it is; one that is two newer is refused in a sentence', async (t) => {
  const next = await schemaOf(t, (known) => known + 1)
  const store = await openSqlite({ path: next })
  assert.equal((await store.ledger.backlog()).ready, 0)
  await store.close()
  const db = new DatabaseSync(next, { readOnly: true })
  const found = Number(db.prepare('pragma user_version').get()!['user_version'])
  db.close()
  const afterNext = await schemaOf(t, (known) => known + 2)

  assert.equal(found, (await known(t)) + 1, 'nothing takes it back')
  await assert.rejects(openSqlite({ path: afterNext }), { code: 'schema_newer' })
})

const known = async (t: TestContext): Promise<number> => {
  const db = new DatabaseSync(await schemaOf(t, (same) => same), { readOnly: true })
  try {
    return Number(db.prepare('pragma user_version').get()!['user_version'])
  } finally {
    db.close()
  }
}
