import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { restoreFrom } from '../../src/cluster/restore.ts'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { createProcess, TEST_SECRET } from '../../src/testing/process.ts'
import { eventBody, signatureOf } from '../chaos/delivery.ts'
import { inFiles, ledgerIn, openLedger } from '../chaos/ground.ts'
import { folderFor } from '../chaos/here.ts'
import { Up } from '../chaos/up.ts'
import { envelope, pass, turns } from '../chaos/virtual.ts'
import { Place } from '../services/place.ts'

const HOUR_MS = 3_600_000
const EVENTS = 12

/** One life of a cluster on a file: what its handler did, where it cannot be taken back. */
async function life(clock: VirtualClock, path: string, effects: Effect[], from?: number) {
  const store = await openSqlite({ path, thread: false, clock })
  if (from !== undefined) await restoreFrom(store, from, { clock, log: silent })
  const { handlers, intake, watch, worker } = createProcess({ store, clock, seed: 1 })
  handlers.on('*', ({ id, type }, { fence, attempt }) => {
    if (type === 'charge.failed' && attempt === 1) throw new Error('not yet')
    effects.push({ id, fence })
  })
  await watch.start()
  await worker?.start()
  const deliver = async (id: string, created: number, type = 'invoice.paid') => {
    const body = eventBody({ id, type, customer: id, created: Math.floor(created / 1_000) })
    const answer = intake.receive(body, signatureOf(body, clock.now(), TEST_SECRET), null)
    await turns()
    assert.equal((await answer).status, 200)
  }
  const stop = async () => {
    await Promise.all([worker?.stop(), watch.stop(), clock.advance(20_000)])
    await store.close()
  }
  return { store, deliver, stop }
}

interface Effect {
  readonly id: string
  readonly fence: number
}

const heldIn = async (store: Store) =>
  (await store.ledger.find({ held: true, limit: 1_000 })).data.map(({ id }) => id).toSorted()

if (inFiles())
  test('a back-up that is an hour old is restored: Stripe redelivers, the sweep admits, and nothing runs twice without a person', async (t: TestContext) => {
    const folder = folderFor(t)
    const clock = new VirtualClock()
    const before: Effect[] = []
    const names = (kind: string) => Array.from({ length: EVENTS }, (_, n) => `evt_${kind}_${n}`)
    const [done, failing, lost] = [names('done'), names('failing'), names('lost')]
    const begun = clock.now()

    const first = await life(clock, join(folder, 'first.db'), before)
    for (const id of done) await first.deliver(id, begun)
    for (const id of failing) await first.deliver(id, begun, 'charge.failed')
    const from = clock.now()
    await first.store.backup(join(folder, 'backup.db'))
    await pass(clock, { ms: HOUR_MS / 2, stepMs: 300_000 })
    for (const id of lost) await first.deliver(id, clock.now())
    await first.stop()
    // Started again and again, as a program that crashes is: each start raises the fences of the ledger that will be lost.
    for (let start = 0; start < 20; start++) await (await life(clock, join(folder, 'first.db'), before)).stop()
    const last = await life(clock, join(folder, 'first.db'), before)
    await last.deliver('evt_last', clock.now())
    await last.stop()
    assert.equal(before.length, 3 * EVENTS + 1, 'the ledger that was lost had worked everything')
    await clock.advance(HOUR_MS / 2)

    const after: Effect[] = []
    const second = await life(clock, join(folder, 'backup.db'), after, from)
    const old = clock.now() - HOUR_MS / 2
    for (const id of [...done, ...lost, 'evt_last']) await second.deliver(id, old)
    await second.store.ledger.admit([envelope(clock, { id: 'evt_swept', createdAt: old, via: 'sweep' })])
    await pass(clock, { ms: 24 * HOUR_MS, stepMs: HOUR_MS })

    assert.deepEqual(after, [])
    assert.deepEqual(await heldIn(second.store), [...failing, ...lost, 'evt_last', 'evt_swept'].toSorted())

    await second.deliver('evt_new', clock.now())
    await pass(clock, { ms: 1_000, stepMs: 500 })
    assert.deepEqual(
      after.map(({ id }) => id),
      ['evt_new'],
    )

    const person = { by: 'operator', why: 'it was never worked' }
    await second.store.ledger.move({ query: { id: 'evt_swept' }, limit: 1 }, { kind: 'release' }, person)
    await second.store.ledger.move({ query: { held: true }, limit: 1_000 }, { kind: 'record' }, person)
    await pass(clock, { ms: HOUR_MS, stepMs: 300_000 })
    assert.deepEqual(
      after.map(({ id }) => id),
      ['evt_new', 'evt_swept'],
    )
    const highest = Math.max(...before.map(({ fence }) => fence))
    assert.ok(after.every(({ fence }) => fence > highest))
    await second.stop()

    const third = await life(clock, join(folder, 'backup.db'), after, from)
    assert.deepEqual(await heldIn(third.store), [], 'a second start with the same flag holds nothing more')
    await third.stop()
  })

test('`up --restored-from` holds once; a second start with the same flag says that it was done', async (t) => {
  const place = new Place('restored')
  t.after(() => place.end())
  const ledger = await ledgerIn(place)
  const store = await openLedger(ledger)
  await store.ledger.admit([envelope({ now: () => Date.UTC(2026, 10, 3) }, { id: 'evt_open' })])
  await store.close()
  const env = { HOOKKEEPER_RESTORED_FROM: '2026-11-03T12:00:00Z' }
  const options = { place, ledger, port: await place.port(), handlers: 'effects', env }

  for (const said of ['a back-up was put back', 'this back-up was put back before']) {
    const up = new Up(options)
    const line = up.line(({ restoredFrom, msg }) => restoredFrom !== undefined && String(msg).startsWith(said), 30_000)
    await up.started()
    assert.equal((await line)['held'], 1)
    const { data } = await up.get<{ data: { id: string; held: string }[] }>('/api/v1/events?held=true')
    assert.deepEqual(
      data.map(({ id, held }) => [id, held]),
      [['evt_open', 'restored']],
    )
    assert.equal((await up.stop()).code, 0)
  }
})
