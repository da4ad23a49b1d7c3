import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Lanes } from '../../src/store/lanes.ts'
import type { Wish } from '../../src/store/scheduler.ts'
import { seed, sized } from '../size.ts'
import { Both, type Move } from './lanes/both.ts'

const lane = fc.integer({ min: 0, max: 4 })
const pick = fc.nat({ max: 50 })
const dueIn = fc.constantFrom(0, 0, 50, 1_000, 30_000)

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      lane,
      type: fc.nat({ max: 2 }),
      urgency: fc.nat({ max: 2 }),
      position: fc.nat({ max: 5 }),
      dueIn,
      alone: fc.constantFrom(false, false, false, false, true),
      held: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      lane,
      type: fc.nat({ max: 2 }),
      urgency: fc.nat({ max: 2 }),
      position: fc.nat({ max: 5 }),
      dueIn: fc.constant(0),
      alone: fc.constant(false),
      held: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      max: fc.integer({ min: 1, max: 5 }),
      room: fc.tuple(fc.constantFrom(0, 1, 9), fc.constantFrom(1, 9, 9), fc.constantFrom(1, 9, 9)),
      idle: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('again' as const),
      pick,
      dueIn,
      alone: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drop' as const), pick, dead: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 100, 5_000, 60_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('hold' as const), types: fc.nat({ max: 7 }), lane: fc.option(lane) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('release' as const, 'remove' as const),
      picks: fc.array(pick, { maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unblock' as const), lane }) },
)

test('lanes do what the plainest possible scheduler does, whatever happens', () => {
  const property = fc.property(fc.array(move, { maxLength: 80, size: 'max' }), (moves) => {
    const both = new Both()
    for (const one of moves) both.make(one)
  })
  fc.assert(property, { seed, numRuns: sized({ tenth: 3_000, whole: 100_000 }) })
})

const wide = (max: number): Wish => ({ max, now: 0, idle: true, room: () => 9, strict: () => false, taken() {} })

const waiting = (ref: number, more: { lane: number; tenant?: number; urgency?: number }) => ({
  ...{ ref, tenant: 1, type: 0, urgency: 1, position: ref, dueAt: 0, alone: false, blocks: false, held: false },
  ...more,
})

test('however much of an urgent class comes in, one lease in ten goes to the next class down', () => {
  const lanes = new Lanes()
  let ref = 0
  for (let i = 0; i < 10; i++) lanes.add(waiting(++ref, { lane: 1000 + i, urgency: 2 }), 0)
  const renewals = ref
  let leases = 0
  for (let done = 0; done < renewals; leases++) {
    while (lanes.counts.ready < 20) lanes.add(waiting(++ref, { lane: ref, urgency: 0 }), 0)
    const [slot] = lanes.take(wide(1))
    if (lanes.ref(slot!) <= renewals) done++
    lanes.drop(slot!, false)
  }

  assert.equal(leases, 10 * renewals)
})

test('accounts take turns, whatever share of the lanes they have', () => {
  const lanes = new Lanes()
  for (let ref = 1; ref <= 90; ref++) lanes.add(waiting(ref, { lane: ref, tenant: ref <= 80 ? 1 : 2 }), 0)

  const taken = lanes.take(wide(20)).map((slot) => lanes.ref(slot))

  assert.equal(taken.filter((ref) => ref > 80).length, 10)
})

test('a lane with a hundred thousand events takes no more turns than a lane with a few', () => {
  const lanes = new Lanes()
  for (let ref = 1; ref <= 100_000; ref++) lanes.add(waiting(ref, { lane: 1 }), 0)
  for (let ref = 100_001; ref <= 100_005; ref++) lanes.add(waiting(ref, { lane: 2 }), 0)

  const order: boolean[] = []
  for (let n = 0; n < 10; n++) {
    const [slot] = lanes.take(wide(1))
    order.push(lanes.ref(slot!) > 100_000)
    lanes.drop(slot!, false)
  }

  assert.equal(order.filter(Boolean).length, 5)
})

test('however many names a ledger has, a type is never taken for another', () => {
  const lanes = new Lanes()
  const many = 65_541
  lanes.add({ ...waiting(1, { lane: 1 }), type: many }, 0)

  const room = (type: number) => (type === many ? 9 : 0)

  assert.equal(lanes.take({ ...wide(9), room }).length, 1)
})

test('lanes that come and go leave nothing behind', () => {
  const lanes = new Lanes()
  for (let ref = 1; ref <= 200_000; ref++) {
    lanes.add(waiting(ref, { lane: ref }), 0)
    const [slot] = lanes.take(wide(1))
    lanes.drop(slot!, false)
    // Room in the tables is given again: the highest place that was ever used stays small.
    assert.ok(slot! < 10)
  }

  assert.deepEqual({ ...lanes.counts }, { ready: 0, scheduled: 0, held: 0, running: 0 })
})
