import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seeded } from '../../src/core/random.ts'
import { burst } from '../../src/simulator/burst.ts'
import { type Delivery, defaultReach, FAULTS, noFaults, punctual, withFaults } from '../../src/simulator/faults.ts'

const events = burst({ count: 4, seed: 1, at: Date.UTC(2026, 10, 1) })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const rates = fc.record({ late: share, shuffled: share, doubled: share, torn: share, forged: share, dropped: share })

test('every event that is not dropped has a good delivery in the end, and nothing else after it', () => {
  fc.assert(
    fc.property(rates, fc.integer(), (rates, seed) => {
      const deliveries = withFaults(punctual(events), rates, seeded(seed))

      for (const event of events) {
        const own = deliveries.filter((delivery) => delivery.event.id === event.id)
        if (own[0]?.kind === 'dropped') assert.equal(own.length, 1)
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

const { lateMaxMs, shuffleMs, doubledWithinMs, redeliveryMs } = defaultReach
const furthestMs = lateMaxMs + shuffleMs + doubledWithinMs + 2 * redeliveryMs

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
