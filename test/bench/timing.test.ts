import assert from 'node:assert/strict'
import { test } from 'node:test'
import { histogram, open, quantileBetween, readBuckets } from '../../bench/api.ts'
import { Histogram, peerTiming, SETTLE_SECONDS } from '../../bench/subjects/timing.mjs'
import { createMeter } from '../../src/telemetry/meter.ts'

const SETTLE = 'hookkeeper_settle_lag_seconds'

test("a peer's lag is read with the product's own ruler", () => {
  const text = createMeter()
    .metrics.map((metric) => metric.text())
    .join('')
  assert.deepEqual([...readBuckets(text, SETTLE).keys()], [...SETTLE_SECONDS, Number.POSITIVE_INFINITY])
})

test('a value counts at its edge and above, and one beyond every edge only in the whole', () => {
  const lag = new Histogram('lag', [1, 2, 3])
  for (const seconds of [0, 1, 1.5, 3, 99]) lag.observe(seconds)

  assert.deepEqual(
    [...readBuckets(lag.text(), 'lag')],
    [
      [1, 2],
      [2, 3],
      [3, 4],
      [Number.POSITIVE_INFINITY, 5],
    ],
  )
  assert.equal(lag.count, 5)
})

test('a peer tells what is open, and both of its lags, the fine one to within 2 %', async () => {
  const { at, taken, handled } = await peerTiming()
  const running = { api: at }
  const before = await histogram(at, 'bench_handled_seconds')
  for (let event = 0; event < 3; event++) taken()

  const sentAt = (secondsAgo: number) => String(Math.round(Number(process.hrtime.bigint()) / 1e3 - secondsAgo * 1e6))
  const event = { data: { object: { metadata: { sent: sentAt(20) } } } }
  handled(event, performance.now() - 7_000)
  handled(event, performance.now() - 7_000)

  assert.equal(await open(running), 1)
  assert.equal(quantileBetween(new Map(), await histogram(at, SETTLE), 1), 10)
  const lag = quantileBetween(before, await histogram(at, 'bench_handled_seconds'), 1)
  assert.ok(lag >= 20 && lag < 21, String(lag))
})
