import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import type { WorkerOptions } from '../../src/processing/worker.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Query } from '../../src/store/store.ts'
import { event, gate, room } from './room.ts'

/** A worker over the embedded store, in this thread, on a clock that stands still until told. */
async function embedded(t: TestContext, more: Partial<WorkerOptions> = {}) {
  const clock = new VirtualClock()
  const store = await openSqlite({ path: ':memory:', thread: false, clock })
  const { handlers, worker, counts } = room({ store, clock, ...more })
  t.after(async () => {
    // The clock goes on, or what waits for it would wait for ever.
    await Promise.all([worker.stop(), clock.advance(20_000)])
    await store.close()
  })
  const admit = (...events: ReturnType<typeof event>[]) =>
    store.ledger.admit(events.map((one) => ({ ...one, rank: 3, urgency: 'soon', as: 'work' })))
  const found = async (query: Partial<Query> = {}) => (await store.ledger.find({ limit: 100, ...query })).data
  return { clock, store, handlers, worker, counts, admit, found }
}

/** Gives the writer and the handlers their turns, without any time passing. */
async function turns(): Promise<void> {
  for (let n = 0; n < 50; n++) await settled()
}

/** Time in steps short enough for everything that falls due to be heard. */
async function pass(clock: VirtualClock, { ms, stepMs }: { ms: number; stepMs: number }): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.advance(stepMs)
    await turns()
  }
}

test('embedded: two handlers of which the second fails twice: the first ran once', async (t) => {
  const { clock, handlers, worker, admit, found } = await embedded(t)
  const ran = { first: 0, second: 0 }
  handlers.on('invoice.paid', { name: 'first' }, () => void ran.first++)
  handlers.on('invoice.paid', { name: 'second' }, () => {
    if (++ran.second < 3) throw new Error('not yet')
  })

  await Promise.all([admit(event()), turns()])
  await worker.start()
  await turns()
  await pass(clock, { ms: 60_000, stepMs: 5_000 })

  assert.deepEqual(ran, { first: 1, second: 3 })
  const [entry] = await found()
  assert.equal(`${entry?.state} ${entry?.attempts}`, 'done 3')
})

test('embedded: what transaction writes and that the event is done commit together', async (t) => {
  const { store, handlers, worker, admit, found, counts } = await embedded(t)
  const rows: unknown[] = []
  handlers.on('invoice.paid', async ({ id }, { transaction }) => {
    await transaction((db) => {
      db.exec('create table if not exists paid (id text primary key)')
      db.prepare('insert into paid values (?)').run(id)
    })
    rows.push(...(await found({ id })).map(({ state }) => state))
  })

  await admit(event(), event(), event())
  await worker.start()
  await turns()

  assert.deepEqual(rows, ['done', 'done', 'done'])
  assert.deepEqual(counts, { 'invoice.paid done': 3 })
  assert.equal((await store.ledger.backlog()).running, 0)
})

test('embedded: once and its value survive a failed attempt', async (t) => {
  const { clock, handlers, worker, admit } = await embedded(t)
  let effects = 0
  const values: unknown[] = []
  handlers.on('invoice.paid', async (_event, { once, attempt }) => {
    values.push(await once('charge', () => ({ id: 'ch_1', n: ++effects })))
    if (attempt === 1) throw new Error('after the effect')
  })

  await admit(event())
  await worker.start()
  await turns()
  await pass(clock, { ms: 12_000, stepMs: 1_000 })

  assert.deepEqual(values, [
    { id: 'ch_1', n: 1 },
    { id: 'ch_1', n: 1 },
  ])
})

test('embedded: a handler left behind cannot remember or commit once its event is settled', async (t) => {
  const { clock, store, handlers, worker, admit, found } = await embedded(t)
  const hang = gate()
  let fence = 0
  handlers.on('invoice.paid', { timeoutMs: 1_000 }, (_event, context) => {
    fence ||= context.fence
    return context.attempt === 1 ? hang.opened : undefined
  })

  await admit(event())
  await worker.start()
  await turns()
  await pass(clock, { ms: 20_000, stepMs: 1_000 })

  const [entry] = await found()
  assert.equal(`${entry?.state} ${entry?.attempts}`, 'done 2')
  const late = { ref: entry?.ref ?? 0, fence }
  assert.equal(await store.ledger.remember(late, 'once:x/late', 1), false)
  await assert.rejects(async () => store.transact?.(late, { name: 'x', last: true }, () => 1), { code: 'stale_lease' })
})

test('embedded: a handler of several types never exceeds its concurrency', async (t) => {
  const { clock, handlers, worker, admit, found } = await embedded(t)
  let running = 0
  let most = 0
  handlers.on(['invoice.paid', 'charge.failed', 'customer.created'], { concurrency: 1 }, async () => {
    most = Math.max(most, ++running)
    await settled()
    running--
  })

  await admit(...['invoice.paid', 'charge.failed', 'customer.created', 'invoice.paid'].map((type) => event(type)))
  await worker.start()
  await turns()
  await pass(clock, { ms: 10_000, stepMs: 1_000 })

  assert.equal((await found({ state: 'done' })).length, 4)
  assert.equal(most, 1)
})

test('embedded: stopping leaves nothing leased, and what was aborted is uncounted', async (t) => {
  const { clock, store, handlers, worker, admit, found } = await embedded(t)
  handlers.on('invoice.paid', () => new Promise<void>(() => {}))
  await admit(event(), event())
  await worker.start()
  await turns()
  assert.equal((await store.ledger.backlog()).running, 2)

  const stopped = worker.stop()
  await pass(clock, { ms: 7_000, stepMs: 1_000 })
  await stopped

  assert.equal((await store.ledger.backlog()).running, 0)
  assert.deepEqual(
    (await found()).map(({ state, attempts }) => `${state} ${attempts}`),
    ['waiting 0', 'waiting 0'],
  )
})
