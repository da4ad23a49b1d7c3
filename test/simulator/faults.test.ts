import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seeded } from '../../src/core/random.ts'
import { burst } from '../../src/simulator/burst.ts'
import {
  type Delivery,
  defaultReach,
  FAULTS,
  type Fault,
  noFaults,
  punctual,
  ratesOf,
  unruly,
  withFaults,
} from '../../src/simulator/faults.ts'

const events = burst({ count: 4, seed: 1, at: Date.UTC(2026, 10, 1) })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const rates = fc.record(Object.fromEntries(FAULTS.map((fault) => [fault, share])) as Record<Fault, typeof share>)

test('every event that is not dropped has a good delivery in the end, and nothing else after it', () => {
  fc.assert(
    fc.property(rates, fc.integer(), (rates, seed) => {
      const deliveries = withFaults(punctual(events), rates, seeded(seed))

      for (const event of events) {
        const own = deliveries.filter((delivery) => delivery.event.id === event.id)
        if (own[0]?.kind === 'dropped' || own[0]?.kind === 'ungenerated') assert.equal(own.length, 1)
        else assert.equal(own.at(-1)?.kind, 'good', `${event.id} ends ${own.at(-1)?.kind}`)
      }
    }),
    { seed: 41 },
  )
})

test('a good delivery holds the bytes of the event, a torn one their beginning, and none leaves before the event', () => {
  fc.assert(
    fc.property(rates, fc.integer(), (rates, seed) => {
      const deliveries = withFaults(punctual(events), rates, seeded(seed))

      for (const { kind, at, event, body } of deliveries) {
        assert.ok(at >= event.at)
        assert.ok(at <= event.at + furthestMs)
        if (kind === 'torn') assert.ok(body.length > 0 && body.length < event.body.length)
        else assert.deepEqual(Buffer.from(body), event.body)
        assert.deepEqual(Buffer.from(body), event.body.subarray(0, body.length))
      }
    }),
    { seed: 42 },
  )
})

const { lateMaxMs, shuffleMs, doubledWithinMs, burstMs, redeliveryMs } = defaultReach
const furthestMs = lateMaxMs + shuffleMs + doubledWithinMs + burstMs + 2 * redeliveryMs

test('deliveries leave in the order of their instants', () => {
  fc.assert(
    fc.property(rates, fc.integer(), (rates, seed) => {
      const deliveries = withFaults(punctual(events), rates, seeded(seed))

      assert.deepEqual(
        deliveries.map(({ at }) => at),
        deliveries.map(({ at }) => at).sort((one, other) => one - other),
      )
    }),
    { seed: 43 },
  )
})

test('each fault is told on the deliveries that it touched', () => {
  for (const fault of FAULTS) {
    const deliveries = withFaults(punctual(events), { ...noFaults, [fault]: 1 }, seeded(5))

    assert.ok(
      deliveries.every((delivery) => delivery.faults.length === 1 && delivery.faults[0] === fault),
      fault,
    )
    assert.ok(touched[fault](deliveries), fault)
  }
})

const kinds = (deliveries: readonly Delivery[], kind: string) => deliveries.filter((one) => one.kind === kind).length

const touched: Record<(typeof FAULTS)[number], (deliveries: readonly Delivery[]) => boolean> = {
  late: (all) => all.every(({ at, event }) => at > event.at),
  shuffled: (all) => all.some(({ event }, n) => event.id !== events[n]!.id),
  doubled: (all) => kinds(all, 'good') === 2 * events.length,
  torn: (all) => kinds(all, 'torn') === events.length && kinds(all, 'good') === events.length,
  forged: (all) => kinds(all, 'forged') === events.length && kinds(all, 'good') === events.length,
  dropped: (all) => kinds(all, 'dropped') === events.length && all.length === events.length,
  ungenerated: (all) => kinds(all, 'ungenerated') === events.length && all.length === events.length,
  twin: (all) => new Set(all.map(({ event }) => event.id)).size === 2 * events.length,
  burst: (all) => all.every(({ at, event }) => at % defaultReach.burstMs === 0 && at > event.at),
}

test('without rates every event leaves once, whole and when it happened', () => {
  assert.deepEqual(withFaults(punctual(events), noFaults, seeded(1)), punctual(events))
})

test('the same seed makes the same bad day', () => {
  const day = (seed: number) =>
    withFaults(punctual(events), { ...noFaults, late: 0.5, torn: 0.5, doubled: 0.5 }, seeded(seed)).map(
      ({ event, at, kind, body }) => [event.id, at, kind, body.length],
    )

  assert.deepEqual(day(9), day(9))
  assert.notDeepEqual(day(9), day(10))
})

test('a twin tells of the same change under an id of its own', () => {
  const twins = withFaults(punctual(events), { ...noFaults, twin: 1 }, seeded(6)).filter(({ twinOf }) => twinOf)

  for (const { event, body, twinOf } of twins) {
    const first = events.find(({ id }) => id === twinOf)!
    assert.notEqual(event.id, first.id)
    assert.deepEqual(event.json, { ...first.json, id: event.id })
    assert.equal(Buffer.from(body).toString(), first.body.toString().replace(first.id, event.id))
  }
  assert.equal(twins.length, events.length)
})

test('in a burst all events of ten minutes leave together, and the windows around it are as ever', () => {
  const deliveries = withFaults(punctual(events), { ...noFaults, burst: 0.5 }, seeded(8))
  const windows = new Map<number, Set<boolean>>()
  for (const { at, event } of deliveries) {
    const window = Math.floor(event.at / defaultReach.burstMs)
    windows.set(window, (windows.get(window) ?? new Set()).add(at !== event.at))
  }

  for (const held of windows.values()) assert.equal(held.size, 1)
  assert.equal(new Set([...windows.values()].flatMap((held) => [...held])).size, 2)
})

test('faults can be asked for by name, with a share or the usual one', () => {
  assert.deepEqual(ratesOf('late, twin=0.25'), { ...noFaults, late: unruly.late, twin: 0.25 })
  assert.ok(ratesOf('ungenerated').ungenerated > 0)
  assert.throws(() => ratesOf('lost'), /lost is no fault: there are late, shuffled, /)
  assert.throws(() => ratesOf('late=2'), /2 is no share of late/)
})
