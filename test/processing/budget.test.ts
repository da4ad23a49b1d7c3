import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ceiling } from '../../src/core/backoff.ts'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import { Dead, Later, type Outcome } from '../../src/core/outcome.ts'
import { seeded } from '../../src/core/random.ts'
import { RetryBudget } from '../../src/processing/budget.ts'
import type { Result } from '../../src/processing/decide.ts'
import type { Work } from '../../src/store/store.ts'
import { event, policy, room } from './room.ts'

/** What the default schedule allows after a second attempt, which counts as no first one. */
const CEILING_MS = ceiling(policy.retry, 2)

test('few retries come when their jitter drew', () => {
  const { delayOf } = fresh()

  const drawn = [1, 4_321, 9_999]
  assert.deepEqual(
    drawn.map((delayMs) => delayOf(delayMs)),
    drawn,
  )
})

test('a thousand that failed together beside much traffic come back a tenth of it a second, and none before its jitter drew', async () => {
  const { clock, random, first, delayOf, counts } = fresh()
  for (let second = 0; second < 180; second++) {
    for (let n = 0; n < 200; n++) first()
    await clock.advance(1_000)
  }

  const drawn = Array.from({ length: 1_000 }, () => Math.round(random() * 10_000))
  const delays = drawn.map((delayMs) => delayOf(delayMs))

  const perSecond = seconds(delays)
  assert.ok(Math.max(...perSecond) <= 20, `${perSecond}`)
  assert.ok(perSecond.length <= 52, `${perSecond}`)
  assert.ok(delays.every((delayMs, n) => delayMs >= drawn[n]!))
  assert.equal(counts.putOff, delays.filter((delayMs, n) => delayMs > drawn[n]!).length)
})

test('where there is little traffic ten a second come all the same', () => {
  const { random, delayOf } = fresh()

  const perSecond = seconds(Array.from({ length: 300 }, () => delayOf(random() * 10_000)))

  assert.ok(Math.max(...perSecond) <= 10, `${perSecond}`)
  assert.equal(perSecond.length, 30)
})

test('none comes later than ten times what its schedule allows, and what has no room is spread evenly', () => {
  const { random, delayOf } = fresh()

  const drawn = Array.from({ length: 20_000 }, () => Math.round(random() * CEILING_MS))
  const delays = drawn.map((delayMs) => delayOf(delayMs))

  assert.ok(delays.every((delayMs, n) => delayMs <= drawn[n]! + 10 * CEILING_MS + 1_000))
  const perSecond = seconds(delays)
  assert.ok(Math.max(...perSecond) < (2 * 20_000) / perSecond.length, `${perSecond}`)
})

test('a handler with a quick schedule of its own keeps it', () => {
  const { random, delayOf } = fresh()
  for (let n = 0; n < 2_000; n++) {
    const delayMs = delayOf(random() * 40, { retry: { baseMs: 10 } })
    assert.ok(delayMs <= 1_500, `${delayMs}`)
  }
})

test('a retry of tomorrow is left where it is, and takes nobody’s place', () => {
  const { delayOf } = fresh()

  for (let n = 0; n < 1_000; n++) assert.equal(delayOf(3_600_000, { attempt: 7 }), 3_600_000)

  assert.equal(delayOf(500), 500)
})

test('seconds that are over have room again, and traffic of long ago gives none', async () => {
  const { clock, first, delayOf } = fresh()
  for (let n = 0; n < 100_000; n++) first()
  await clock.advance(900_000)
  const inTime = () => Array.from({ length: 20 }, () => delayOf(0)).filter((delayMs) => delayMs === 0).length

  assert.equal(inTime(), 10)
  await clock.advance(700_000)
  assert.equal(inTime(), 10)
})

test('each handler has a budget of its own; an event that failed with two has room in both', () => {
  const { delayOf } = fresh()
  for (let n = 0; n < 10; n++) delayOf(0, { handlers: ['a'] })

  assert.equal(delayOf(0, { handlers: ['b'] }), 0)
  assert.ok(delayOf(0, { handlers: ['a'] }) >= 1_000)
  assert.ok(delayOf(0, { handlers: ['b', 'a'] }) >= 1_000)
})

test('only what was tried counts as a first attempt: no retry, and nothing that asked to wait', async () => {
  const { clock, budget, delayOf } = fresh()
  for (let n = 0; n < 10_000; n++) {
    budget.plan(work(2), [{ kind: 'returned', handler: 'h', retry: {} }], WORKED)
    budget.plan(work(1), [{ kind: 'threw', error: new Later(9), handler: 'h', retry: {} }], WAIT)
  }
  await clock.advance(1_000)

  assert.equal(Array.from({ length: 20 }, () => delayOf(0)).filter((delayMs) => delayMs === 0).length, 10)
})

test('what is no retry is left as it is', () => {
  const { budget } = fresh()
  const dead: Outcome = { kind: 'dead', reason: 'refused', error: null }
  const refused: Result = { kind: 'threw', error: new Dead('x'), handler: 'h', retry: {} }
  assert.equal(budget.plan(work(1), [refused], dead).outcome, dead)
  assert.equal(budget.plan(work(1), [], WORKED).outcome, WORKED)
})

test('what its own transaction had made done takes nobody’s place', () => {
  const { budget, counts, delayOf } = fresh()
  const unsure: Result = { kind: 'rolled-back', error: new Error('x'), handler: 'h', retry: {} }
  const failed: Outcome = { kind: 'retry', delayMs: 500, reason: 'rolled-back', error: null }

  for (let n = 0; n < 1_000; n++) budget.settled(budget.plan(work(1), [unsure], failed), 'already')

  assert.deepEqual([delayOf(500), counts.putOff], [500, 0])
})

test('what fails in an outage comes back spread, each attempt counted once, and all of it is done in the end', async () => {
  const { clock, ledger, handlers, worker, counts } = room({ concurrency: 64 })
  const from = clock.now()
  const again: number[] = []
  handlers.on('*', { retry: { baseMs: 2_000 } }, (_event, { attempt }) => {
    if (attempt === 1) throw new Error('the destination is down')
    again.push(clock.now() - from)
  })
  const refs = Array.from({ length: 60 }, () => ledger.add(event()))

  await worker.start()
  await pass(clock, { seconds: 20, until: () => ledger.running === 0 })
  await worker.stop()

  const perSecond = seconds(again)
  assert.ok(Math.max(...perSecond) <= 14, `${perSecond}`)
  assert.ok(counts['put off']! > 20, `${counts['put off']}`)
  assert.deepEqual(new Set(refs.map((ref) => ledger.row(ref).state)), new Set(['done']))
  assert.deepEqual(new Set(refs.map((ref) => ledger.row(ref).attempts)), new Set([2]))
})

test('poison ends dead after its schedule, however many share it', async () => {
  const { clock, ledger, handlers, worker } = room({ concurrency: 64 })
  handlers.on('*', { retry: { attempts: 4, baseMs: 1_000 } }, () => assert.fail('poison'))
  const refs = Array.from({ length: 40 }, () => ledger.add(event()))

  await worker.start()
  // Each attempt's ceiling and ten times as much again: 11 x (1 s + 4 s + 16 s), and the second in which it is leased.
  await pass(clock, { seconds: 11 * 21 + 3, until: () => ledger.running === 0 })
  await worker.stop()

  assert.deepEqual(new Set(refs.map((ref) => ledger.row(ref).reason)), new Set(['exhausted']))
  assert.deepEqual(new Set(refs.map((ref) => ledger.row(ref).attempts)), new Set([4]))
})

const WORKED: Outcome = { kind: 'done', reason: 'worked' }
const WAIT: Outcome = { kind: 'wait', delayMs: 9, reason: 'later', error: null }

const work = (attempt: number): Work => ({
  ...{ ref: 1, fence: 1, event: event(), lane: 'l', attempt, lost: 0, waitedMs: 0, laterMs: null },
  ...{ twinOf: null, stale: false, remembered: {} },
})

function fresh() {
  const clock = new VirtualClock()
  const random = seeded(7)
  const counts = { putOff: 0 }
  const budget = new RetryBudget({ policy, clock, random, putOff: () => void counts.putOff++ })
  const first = () => void budget.plan(work(1), [{ kind: 'returned', handler: 'h', retry: {} }], WORKED)
  const delayOf = (delayMs: number, { attempt = 2, handlers = ['h'], retry = {} }: Failed = {}): number => {
    const results = handlers.map((handler): Result => ({ kind: 'threw', error: new Error('x'), handler, retry }))
    const failed: Outcome = { kind: 'retry', delayMs, reason: 'failed', error: null }
    const planned = budget.plan(work(attempt), results, failed)
    budget.settled(planned, 'settled')
    return planned.outcome.kind === 'retry' ? planned.outcome.delayMs : assert.fail(planned.outcome.kind)
  }
  return { clock, random, counts, budget, first, delayOf }
}

interface Failed {
  readonly attempt?: number
  readonly handlers?: readonly string[]
  readonly retry?: Result['retry']
}

/** Second by second, each with all that falls due in it. */
async function pass(clock: VirtualClock, { seconds, until }: { seconds: number; until: () => boolean }): Promise<void> {
  for (let second = 0; second <= seconds; second++) {
    await settled()
    while (!until()) await settled()
    await clock.advance(1_000)
  }
}

/** How many come in each second from now on. */
function seconds(delays: readonly number[]): number[] {
  const counts: number[] = []
  for (const delayMs of delays) {
    const second = Math.floor(delayMs / 1_000)
    counts[second] = (counts[second] ?? 0) + 1
  }
  return Array.from(counts, (count) => count ?? 0)
}
