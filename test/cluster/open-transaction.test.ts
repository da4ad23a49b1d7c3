import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { VirtualClock } from '../../src/core/clock.ts'
import { openPool, sqlOver } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Settlement, StatementTx, Store, Want, Work } from '../../src/store/store.ts'
import { DONE, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { connected } from '../services/postgres-client.ts'
import { database } from './on-postgres.ts'

const given = { skip: postgres.skip }
const WANT: Want = { max: 1, waitMs: 0, worker: 'w', release: 'r', handles: [handler()] }
/** Another worker of the same process, which waits for as long as the test may take. */
const OTHER: Want = { ...WANT, max: 10, waitMs: 3_600_000, worker: 'other' }
const LEASE_OVER_MS = 600_000

test('a transaction that stays open after its lease holds up its own lane and no other', given, async (t) => {
  const { store, clock, work, tx } = await settledIn(t)

  await clock.advance(LEASE_OVER_MS)
  await store.ledger.admit([envelope(clock, { id: 'evt_2' })])
  const [beside] = await store.ledger.lease(OTHER, t.signal)
  assert.equal(beside?.event.id, 'evt_2')
  assert.deepEqual(await store.ledger.settle([{ work: beside, outcome: DONE, returned: [] }]), ['settled'])

  await tx.query('commit')
  assert.deepEqual(await store.ledger.settle([{ work, outcome: DONE, returned: [] }]), ['already'])
  assert.deepEqual(await attemptsOf(store, work), ['done'])
})

test('the lease of one that is rolled back at last is lost, and another gets the event', given, async (t) => {
  const { store, clock, work, tx } = await settledIn(t)
  await clock.advance(LEASE_OVER_MS)
  await store.ledger.admit([envelope(clock, { id: 'evt_2' })])
  // By then the end of the lease was tried and could not be written.
  assert.equal((await store.ledger.lease(OTHER, t.signal))[0]?.event.id, 'evt_2')

  await tx.query('rollback')

  const [second] = await store.ledger.lease({ ...OTHER, worker: 'third' }, t.signal)
  assert.equal(second?.event.id, 'evt_1')
  assert.equal(second.lost, 1)
  assert.deepEqual(await store.ledger.settle([{ work, outcome: DONE, returned: [] }]), ['stale'])
})

test(
  'an attempt that failed with its transaction still open is told so, and what is settled beside it is settled',
  given,
  async (t) => {
    const { store, clock, work, tx } = await settledIn(t)
    await store.ledger.admit([envelope(clock, { id: 'evt_2' })])
    const [beside] = await store.ledger.lease(OTHER, t.signal)
    const failed: Settlement = {
      work,
      outcome: { kind: 'retry', delayMs: 0, reason: 'failed', error: null },
      returned: [],
    }

    const both = await store.ledger.settle([failed, { work: beside!, outcome: DONE, returned: [] }])
    assert.deepEqual(both, ['open', 'settled'])
    await store.ledger.giveBack([work], 0)
    assert.deepEqual(await store.ledger.settle([failed]), ['open'])

    await tx.query('rollback')
    assert.deepEqual(await store.ledger.settle([failed]), ['settled'])
  },
)

test('a process that stops between two statements of the ledger has their locks for ten seconds', given, async (t) => {
  const sql = sqlOver(await openPool({ url: await database(t), connectionsMax: 1, name: 'test' }))
  t.after(() => sql.close())
  const limit = 'show idle_in_transaction_session_timeout'
  const before = await sql.rows(limit)

  const within = await sql.together((rows) => rows(limit))

  assert.deepEqual(within, [{ idle_in_transaction_session_timeout: '10s' }])
  assert.deepEqual(await sql.rows(limit), before)
})

/** A ledger in which an event is done by a transaction that is still open. */
async function settledIn(t: TestContext) {
  const url = await database(t)
  const clock = new VirtualClock()
  const store = await openPostgres({ url, migrates: true, clock })
  t.after(() => store.close())
  const tx = await connected(url)
  t.after(() => tx.end())
  await store.ledger.admit([envelope(clock, { id: 'evt_1' })])
  const [work] = await store.ledger.lease(WANT)
  await tx.query('begin')
  await store.settleIn!.write(asTx(tx), work!, { name: 'one', last: true })
  return { store, clock, work: work!, tx }
}

const asTx = (client: pg.Client): StatementTx => ({
  query: async (sql, values) => ({ rows: (await client.query(sql, [...values])).rowCount ?? 0 }),
})

async function attemptsOf(store: Store, { ref }: Work): Promise<string[]> {
  const { timeline } = (await store.ledger.open(ref))!
  return timeline.flatMap((chapter) => (chapter.kind === 'attempt' ? [chapter.outcome] : []))
}
