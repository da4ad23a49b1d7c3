import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { createHandlers } from '../../src/processing/handlers.ts'
import { type Bounds, pass } from '../../src/processing/pass.ts'
import { memoryLedger } from '../../src/testing/memory.ts'
import { envelope, turns } from '../chaos/virtual.ts'
import { gate, policy } from './room.ts'

/** The embedded ledger, and passes over it. */
async function passes(t: { after(end: () => Promise<void>): void }) {
  const { store, clock } = await memoryLedger()
  t.after(() => store.close())
  const handlers = createHandlers()
  const meter = { count() {}, attemptSeconds() {}, settleLagSeconds() {}, putOff() {} }
  const options = { store, handlers, policy, clock, random: seeded(7), log: silent, meter, name: 'w', release: 'r' }
  const go = (bounds: Partial<Bounds> = {}) => pass({ ...options, concurrency: 4 }, { ms: 1_000, max: 100, ...bounds })
  const admit = (count: number, more: Parameters<typeof envelope>[1] = {}) =>
    store.ledger.admit(Array.from({ length: count }, () => envelope(clock, more)))
  return { ledger: store.ledger, clock, handlers, go, admit }
}

test('a pass works all that is ready, each lane to its end, without any time passing, and counts what became of it', async (t) => {
  const { ledger, handlers, go, admit } = await passes(t)
  handlers.on('invoice.paid', () => {})
  handlers.on('charge.failed', () => {
    throw new Error('again')
  })
  await admit(5)
  await admit(3, { customer: 'cus_same', lane: 'default/test:cus_same' })
  await admit(1, { type: 'charge.failed' })

  assert.deepEqual(await go(), { leased: 9, done: 8, again: 1, dead: 0, late: 0 })
  const { ready, running, scheduled } = await ledger.backlog()
  assert.deepEqual({ ready, running, scheduled }, { ready: 0, running: 0, scheduled: 1 })
})

test('a pass over nothing ends at once', async (t) => {
  const { go } = await passes(t)

  assert.equal((await go()).leased, 0)
})

test('a pass begins no more than `max`, and leaves the rest ready', async (t) => {
  const { ledger, handlers, go, admit } = await passes(t)
  handlers.on('*', () => {})
  await admit(10)

  assert.deepEqual(await go({ max: 3 }), { leased: 3, done: 3, again: 0, dead: 0, late: 0 })
  const { ready, running } = await ledger.backlog()
  assert.deepEqual({ ready, running }, { ready: 7, running: 0 })
})

test('when its time is over nothing more is begun, what runs may end, and nothing stays leased', async (t) => {
  const { ledger, clock, handlers, go, admit } = await passes(t)
  const open = gate()
  let begun = 0
  handlers.on('*', () => {
    begun++
    return open.opened
  })
  await admit(10)

  let over = false
  const under = go({ ms: 500 }).finally(() => (over = true))
  await turns()
  assert.equal(begun, 4)
  await clock.advance(20_000)
  await turns()
  assert.equal(over, false, 'it waits for what it has begun')
  open.open()

  assert.deepEqual(await under, { leased: 4, done: 4, again: 0, dead: 0, late: 0 })
  assert.equal(begun, 4)
  const { ready, running } = await ledger.backlog()
  assert.deepEqual({ ready, running }, { ready: 6, running: 0 })
})

test('a handler that never comes back ends its pass by its time-out, and the event is tried again', async (t) => {
  const { ledger, clock, handlers, go, admit } = await passes(t)
  handlers.on('*', { timeoutMs: 2_000 }, () => new Promise(() => {}))
  await admit(1)

  const under = go({ ms: 100 })
  await turns()
  await clock.advance(2_000)
  await clock.advance(5_000)
  await turns()

  assert.deepEqual(await under, { leased: 1, done: 0, again: 1, dead: 0, late: 0 })
  assert.equal((await ledger.backlog()).running, 0)
})

test('two passes at once work each event once', async (t) => {
  const { handlers, go, admit } = await passes(t)
  const ran: string[] = []
  handlers.on('*', async ({ id }) => {
    ran.push(id)
    await settled()
  })
  await admit(20)

  const [one, other] = await Promise.all([go(), go()])

  assert.equal(one.done + other.done, 20)
  assert.equal(new Set(ran).size, 20)
  assert.equal(ran.length, 20)
})
