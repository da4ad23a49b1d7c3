import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { forward } from '../../src/processing/forward.ts'
import { createHandlers, type Handlers } from '../../src/processing/handlers.ts'
import { Bucket } from '../../src/processing/rate.ts'
import { event, room } from './room.ts'

test('after a rest a burst may begin, then one for each share of a second', () => {
  const bucket = new Bucket(10, 3)
  const takeAll = (now: number) => {
    const count = bucket.room(now)
    for (let n = 0; n < count; n++) bucket.take(now)
    return count
  }

  assert.equal(takeAll(0), 3)
  assert.equal(bucket.waitMs(0), 100)
  assert.equal(takeAll(99), 0)
  assert.equal(takeAll(100), 1)
  assert.equal(takeAll(350), 2)
  assert.equal(takeAll(60_000), 3, 'no more than the burst is saved up')
})

test('without a burst of its own it is that of one second, and one where the rate is below', () => {
  assert.equal(new Bucket(10).room(0), 10)
  assert.equal(new Bucket(0.2).room(0), 1)
})

test('what ran without room is paid for by those after it, and a clock that goes back gives nothing', () => {
  const bucket = new Bucket(1, 1)
  bucket.take(10_000)
  bucket.take(10_000)

  assert.equal(bucket.room(5_000), 0)
  assert.equal(bucket.room(6_900), 0)
  assert.equal(bucket.waitMs(10_000), 0)
})

test('in no window does more begin than the rate and the burst allow, and none of the rate is lost', () => {
  const random = seeded(3)
  const bucket = new Bucket(50, 5)
  const begun: number[] = []
  for (let now = 0; now < 60_000; now += 1 + Math.floor(random() * 30)) {
    for (let count = bucket.room(now); count > 0; count--) {
      bucket.take(now)
      begun.push(now)
    }
  }

  assert.ok(begun.length >= 0.99 * 50 * 60, `${begun.length}`)
  for (const [first, from] of begun.entries())
    for (const last of [first + 5, first + 50, first + 500])
      if (begun[last]) assert.ok(last - first + 1 <= 5 + 1 + ((begun[last] - from) * 50) / 1_000, `${from}`)
})

test('a quick destination is not asked for one event at a time', () => {
  const bucket = new Bucket(1_000, 100)
  for (let n = 0; n < 100; n++) bucket.take(0)
  assert.equal(bucket.waitMs(0), 10)
})

test('a handler keeps its rate while others go on, no attempt is spent, and no place is held', async () => {
  const { clock, ledger, handlers, worker, begun } = paced()
  handlers.on('invoice.paid', { rate: { perSecond: 2, burst: 4 } }, () => void begun.push(clock.now()))
  let charges = 0
  handlers.on('charge.failed', () => void charges++)
  const from = clock.now()
  const refs = Array.from({ length: 20 }, () => ledger.add(event('invoice.paid')))
  for (let n = 0; n < 6; n++) ledger.add(event('charge.failed'))

  await worker.start()
  await settled()
  assert.equal(charges, 6)
  assert.equal(begun.length, 4)
  for (let n = 0; n < 16; n++) {
    assert.equal(worker.working, 0)
    assert.equal(ledger.running, 0)
    await clock.advance(500)
  }
  await worker.stop()

  assert.deepEqual(
    begun.map((at) => at - from),
    [0, 0, 0, 0, ...Array.from({ length: 16 }, (_, n) => 500 * (n + 1))],
  )
  assert.deepEqual(new Set(refs.map((ref) => ledger.row(ref).attempts)), new Set([1]))
})

test('a pass leaves what is over the rate to the next one', async () => {
  const { clock, ledger, handlers, worker, begun } = paced({ bounds: { ms: 10_000, max: 100 } })
  handlers.on('*', { rate: { perSecond: 1, burst: 3 } }, () => void begun.push(clock.now()))
  for (let n = 0; n < 5; n++) ledger.add(event())

  const passed = worker.pass()
  while (ledger.settled.length < 3) await settled()
  await clock.advance(1)
  assert.equal(await passed, 3)
  assert.equal(ledger.running, 0)
})

test('the rate of a destination is that of its handler; null is none, and a rehearsal has none', () => {
  const rateOf = (handlers: Handlers, rate: Parameters<typeof forward>[1]) => {
    handlers.on('*', forward('http://127.0.0.1:1/', { secret: 'whsec_1', ...rate }))
    return handlers.all[0]!.bucket
  }
  const rate = { perSecond: 5 }

  assert.equal(rateOf(createHandlers(), { rate })?.room(0), 5)
  assert.equal(rateOf(createHandlers(), { rate: { perSecond: null, burst: null } }), null)
  assert.equal(rateOf(createHandlers(), { rate: null }), null)
  assert.equal(rateOf(createHandlers({ rated: false }), { rate }), null)
})

test('a rate that is none is refused', () => {
  for (const rate of [5, { perSecond: 0 }, { perSecond: '5' }, { perSecond: 5, burst: 0.5 }, { persecond: 5 }])
    assert.throws(() => createHandlers().on('*', { rate } as object, () => {}), {
      code: 'handler_invalid',
      message: /rate cannot be/,
    })
})

/** A worker whose handlers go by the same clock. */
function paced(more: Parameters<typeof room>[0] = {}) {
  const time = { now: () => made.clock.now(), after: (ms: number, run: () => void) => made.clock.after(ms, run) }
  const handlers = createHandlers({ clock: time })
  const made = room({ handlers, ...more })
  return { ...made, begun: [] as number[], handlers }
}
