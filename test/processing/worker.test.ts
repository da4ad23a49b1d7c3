import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../../src/core/clock.ts'
import { event, gate, room } from './room.ts'

test('events of other lanes run beside each other, up to the concurrency', async () => {
  const { ledger, handlers, worker } = room({ concurrency: 3 })
  const open = gate()
  let running = 0
  let most = 0
  handlers.on('*', async () => {
    most = Math.max(most, ++running)
    await open.opened
    running--
  })

  for (let n = 0; n < 10; n++) ledger.add(event())
  await worker.start()
  await settled()
  assert.equal(worker.working, 3)
  open.open()
  while (ledger.settled.length < 10) await settled()

  assert.equal(most, 3)
})

test('a handler of concurrency 2 is never run more often at once, while others go on, and it takes up at once what waited', async () => {
  const { clock, ledger, handlers, worker } = room({ concurrency: 10 })
  const gates = Array.from({ length: 6 }, () => gate())
  let running = 0
  let most = 0
  let begun = 0
  handlers.on('invoice.paid', { concurrency: 2 }, async () => {
    most = Math.max(most, ++running)
    await gates[begun++]?.opened
    running--
  })
  let charges = 0
  handlers.on('charge.failed', () => void charges++)

  for (let n = 0; n < 6; n++) ledger.add(event('invoice.paid'))
  for (let n = 0; n < 6; n++) ledger.add(event('charge.failed'))
  await worker.start()
  await settled()
  assert.deepEqual({ begun, charges }, { begun: 2, charges: 6 })

  for (const [n, { open }] of gates.entries()) {
    open()
    await settled()
    assert.equal(begun, Math.min(6, n + 3), 'no time passed, so nothing waited for a lease call to end')
  }
  assert.equal(most, 2)
  await clock.advance(1)
  assert.equal(ledger.outcomes().filter(({ kind }) => kind === 'done').length, 12)
})

test('events leased together are settled together', async () => {
  const { ledger, handlers, worker } = room({ concurrency: 64 })
  handlers.on('*', async () => {})

  for (let n = 0; n < 64; n++) ledger.add(event())
  await worker.start()
  await settled()

  assert.equal(ledger.settled.length, 64)
  assert.equal(ledger.settleCalls, 1)
})

test('stopping lets handlers finish, leases nothing more, and resolves when all is settled', async () => {
  const { clock, ledger, handlers, worker } = room({ concurrency: 1 })
  const open = gate()
  handlers.on('*', () => open.opened)
  const first = ledger.add(event())
  const second = ledger.add(event())
  await worker.start()
  await settled()

  const stopped = worker.stop()
  assert.equal(worker.ready(), false)
  await clock.advance(6_999)
  open.open()
  await clock.advance(0)
  await stopped

  assert.equal(ledger.row(first).state, 'done')
  assert.equal(ledger.row(second).attempts, 0)
  assert.equal(ledger.running, 0)
})

test('after seven seconds handlers are aborted and given back, uncounted: nothing stays leased', async () => {
  const { clock, ledger, handlers, worker } = room()
  let aborted = 0
  handlers.on('*', async (_event, { signal }) => {
    signal.addEventListener('abort', () => aborted++)
    await new Promise(() => {})
  })
  const refs = [ledger.add(event()), ledger.add(event())]
  await worker.start()
  await settled()
  assert.equal(ledger.running, 2)

  const stopped = worker.stop()
  await clock.advance(6_999)
  assert.equal(aborted, 0)
  await clock.advance(1)
  await stopped

  assert.equal(aborted, 2)
  for (const ref of refs) {
    const { state, attempts } = ledger.row(ref)
    assert.deepEqual({ state, attempts }, { state: 'waiting', attempts: 0 })
  }
})

test('what a lease brings after the stop began is given back', async () => {
  const { ledger, handlers, worker } = room()
  const late = gate<Awaited<ReturnType<typeof ledger.lease>>>()
  const lease = ledger.lease.bind(ledger)
  ledger.lease = () => late.opened
  handlers.on('*', () => assert.fail('it must not run'))
  const ref = ledger.add(event())
  await worker.start()

  const stopped = worker.stop()
  late.open(await lease({ max: 1, waitMs: 0, worker: 'w1', release: 'r1', handles: handlers.handles(1) }))
  await stopped

  assert.equal(ledger.row(ref).state, 'waiting')
  assert.equal(ledger.row(ref).attempts, 0)
})

test('a worker that was never started stops, and stopping twice is harmless', async () => {
  const { worker } = room()

  await Promise.all([worker.stop(), worker.stop()])
})

test('while the store is away readiness is red, and results reach it when it is back', async () => {
  const { clock, ledger, handlers, worker, lines } = room()
  const open = gate()
  handlers.on('*', () => open.opened)
  const ref = ledger.add(event())
  await worker.start()
  await settled()

  ledger.failing = new Error('disk')
  open.open()
  await clock.advance(20_000)
  assert.equal(worker.ready(), false)
  ledger.failing = null
  await clock.advance(6_000)

  assert.equal(worker.ready(), true)
  assert.equal(ledger.row(ref).state, 'done')
  assert.equal(lines.filter(({ level }) => level === 'error').length, 2, 'one line for leases, one for results')
})

test('a result that the store does not take within its lease is let go, and the next attempt has its fence', async () => {
  const { clock, ledger, handlers, worker, counts } = room()
  let ran = 0
  handlers.on('*', () => {
    if (++ran === 1) ledger.failing = new Error('disk')
  })
  const ref = ledger.add(event())
  await worker.start()
  await settled()

  await clock.advance(45_000)
  ledger.failing = null
  await clock.advance(10_000)

  assert.equal(counts['invoice.paid late'], 1)
  assert.equal(ran, 2)
  assert.equal(ledger.row(ref).state, 'done')
})

test('an event whose last lease was lost runs alone', async () => {
  const { clock, ledger, handlers, worker } = room()
  const gates = new Map(['evt_a', 'evt_lost', 'evt_c'].map((id) => [id, gate()]))
  const log: string[] = []
  handlers.on('*', async ({ id }) => {
    log.push(id)
    await gates.get(id)?.opened
  })

  ledger.add(event('invoice.paid', { id: 'evt_a' }))
  const lost = ledger.add(event('invoice.paid', { id: 'evt_lost' }))
  ledger.lose(lost)
  await worker.start()
  await settled()
  assert.deepEqual(log, ['evt_a'])

  gates.get('evt_a')?.open()
  await clock.advance(1)
  ledger.add(event('invoice.paid', { id: 'evt_c' }))
  await clock.advance(1)
  assert.deepEqual(log, ['evt_a', 'evt_lost'], 'nothing runs beside it')

  gates.get('evt_lost')?.open()
  await clock.advance(1)
  assert.deepEqual(log, ['evt_a', 'evt_lost', 'evt_c'])
})

test('quick handlers have events leased ahead; when they become slow these go back uncounted, and no more is leased than is worked', async () => {
  const { clock, ledger, handlers, worker } = room({ concurrency: 4 })
  const slow = gate()
  handlers.on('*', ({ type }) => (type === 'invoice.paid' ? undefined : slow.opened))
  for (let n = 0; n < 200; n++) ledger.add(event('invoice.paid'))
  await worker.start()
  while (ledger.settled.length < 200) await settled()

  const refs = Array.from({ length: 40 }, () => ledger.add(event('charge.failed')))
  await settled()
  assert.equal(worker.working, 4)
  assert.ok(ledger.running > 4 && ledger.running <= 32, `${ledger.running} leased`)
  // A lease is a round trip: it brings all that there is room for.
  assert.ok(ledger.leasedAtOnce > 4, `${ledger.leasedAtOnce} at once`)

  await clock.advance(2_000)
  assert.equal(ledger.running, 4)
  slow.open()
  while (refs.some((ref) => ledger.row(ref).state !== 'done')) await settled()
  assert.deepEqual(new Set(refs.map((ref) => ledger.row(ref).attempts)), new Set([1]))
  await worker.stop()
})
