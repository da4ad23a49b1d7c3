import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FifoScheduler } from '../../bench/ledger/fifo-scheduler.ts'
import type { Waiting, Wish } from '../../src/store/scheduler.ts'

test('events are taken in the order in which they came, whatever their lanes and classes', () => {
  const scheduler = new FifoScheduler()
  for (const ref of [1, 2, 3, 4]) scheduler.add(waiting(ref, { lane: ref % 2, urgency: ref % 3 }), 0)

  assert.deepEqual(taken(scheduler, 3), [1, 2, 3])
  assert.deepEqual(scheduler.counts, { ready: 1, scheduled: 0, held: 0, running: 3 })
})

test('what waits for a date comes when it is due, at the end of the queue', () => {
  const scheduler = new FifoScheduler()
  scheduler.add(waiting(1, { dueAt: 100 }), 0)
  scheduler.add(waiting(2), 0)

  assert.equal(scheduler.nextDueAt(), 100)
  assert.deepEqual(taken(scheduler, 5), [2])
  scheduler.due(100)
  assert.deepEqual(taken(scheduler, 5), [1])
})

test('what failed comes again and what ended is gone; its place is used again', () => {
  const scheduler = new FifoScheduler()
  scheduler.add(waiting(1), 0)
  scheduler.add(waiting(2), 0)
  const [first, second] = scheduler.take(wish(2))

  scheduler.again(first!, { dueAt: 0 }, 0)
  scheduler.drop(second!)
  const place = scheduler.add(waiting(3), 0)

  assert.equal(place, second)
  assert.deepEqual(taken(scheduler, 5), [1, 3])
  assert.deepEqual(scheduler.counts, { ready: 0, scheduled: 0, held: 0, running: 2 })
})

test('what is held, by rule or by itself, is not taken until it is released', () => {
  const scheduler = new FifoScheduler()
  scheduler.add(waiting(1, { type: 9 }), 0)
  scheduler.add(waiting(2, { held: true }), 0)
  scheduler.add(waiting(3), 0)
  scheduler.hold((type) => type === 9)

  assert.deepEqual(scheduler.counts, { ready: 1, scheduled: 0, held: 2, running: 0 })
  assert.deepEqual(taken(scheduler, 5), [3])
  assert.equal(scheduler.release(new Set([2])), 1)
  scheduler.hold(() => false)
  assert.deepEqual(taken(scheduler, 5).sort(), [1, 2])
})

test('what is removed, or claimed by an older lease, is not taken', () => {
  const scheduler = new FifoScheduler()
  const places = [1, 2, 3].map((ref) => scheduler.add(waiting(ref), 0))

  scheduler.claim(places[0]!)
  assert.deepEqual(scheduler.remove(new Set([1, 2])), [2])

  assert.deepEqual(taken(scheduler, 5), [3])
  assert.equal(scheduler.counts.running, 2)
})

const waiting = (ref: number, more: Partial<Waiting> = {}): Waiting => ({
  ref,
  lane: 1,
  tenant: 1,
  type: 1,
  urgency: 1,
  position: 0,
  dueAt: 0,
  alone: false,
  blocks: false,
  held: false,
  ...more,
})

const wish = (max: number): Wish => ({ max, now: 0, idle: true, room: () => 100, strict: () => false, taken: () => {} })

const taken = (scheduler: FifoScheduler, max: number): number[] =>
  scheduler.take(wish(max)).map((slot) => scheduler.ref(slot))
