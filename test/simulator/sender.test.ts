import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import Stripe from 'stripe'
import { VirtualClock } from '../../src/core/clock.ts'
import { burst } from '../../src/simulator/burst.ts'
import { DAY, HOUR, MINUTE } from '../../src/simulator/calendar.ts'
import { type Delivery, punctual } from '../../src/simulator/faults.ts'
import { atRate, atSpeed } from '../../src/simulator/pace.ts'
import { LIVE_RETRIES_MS, SANDBOX_RETRIES_MS } from '../../src/simulator/retries.ts'
import { createSender, type End, type Sender, type SenderOptions, TIMEOUT_MS } from '../../src/simulator/sender.ts'
import { drive } from './drive.ts'
import { type Received, receiver } from './receiver.ts'

const startAt = Date.UTC(2026, 10, 24)
const secrets = ['whsec_first', 'whsec_second']
const deliveries = punctual(burst({ count: 5, seed: 2, at: startAt + HOUR }))
const first = deliveries.slice(0, 1)

interface Case {
  readonly deliveries: Iterable<Delivery>
  readonly answer: (received: Received, response: ServerResponse, clock: VirtualClock) => void
  readonly options?: Partial<SenderOptions>
  /** Called when the first delivery was withheld. */
  readonly onDisabled?: (sender: Sender) => void
}

/** Sends to a real server on a virtual clock, and returns the report and when each request came. */
async function sent({ deliveries, answer, options, onDisabled }: Case) {
  const clock = new VirtualClock(startAt)
  const came: { at: number; received: Received }[] = []
  const server = await receiver((received, response) => {
    came.push({ at: clock.now() - startAt, received })
    answer(received, response, clock)
  })
  const pace = atRate({ perSecond: 1000, startAt })
  const onEnd = (_delivery: Delivery, end: End) => end === 'withheld' && onDisabled?.(sender)
  const sender = createSender({ to: server.url, secrets, clock, pace, random: () => 0, onEnd, ...options })
  try {
    return { report: await drive(clock, () => sender.report().inFlight, sender.run(deliveries)), came }
  } finally {
    await server.close()
  }
}

const status = (code: number) => (_received: Received, response: ServerResponse) => {
  response.writeHead(code, code === 302 ? { location: '/elsewhere' } : {}).end()
}

test('an error, a redirect, a hang-up and a time-out are each tried again by the table, until a 2xx', async () => {
  const answers = [500, 302, 'close', 'hang', 404, 204] as const
  let n = 0
  const { report, came } = await sent({
    deliveries: first,
    answer(received, response, clock) {
      const answer = answers[n++]!
      if (answer === 'close') response.destroy()
      else if (answer === 'hang') void clock.advance(TIMEOUT_MS)
      else status(answer)(received, response)
    },
  })

  const [five, thirty, hour, two, four] = [5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR]
  const waits = came.slice(1).map(({ at }, n) => at - came[n]!.at)
  assert.deepEqual(waits, [five, thirty, hour, TIMEOUT_MS + two, four])
  assert.deepEqual(report.refused, { 302: 1, 404: 1, 500: 1, timeout: 1, unreachable: 1 })
  assert.deepEqual([...report.accepted], [first[0]!.event.id])
  assert.deepEqual([report.sent, report.retried, report.gaveUp.size, report.waiting], [6, 5, 0, 0])
})

test('in live mode an event is given up after eleven attempts within three days, in a sandbox after four', async () => {
  const live = await sent({ deliveries: first, answer: status(500) })
  const sandbox = await sent({
    deliveries: first,
    answer: status(500),
    options: { retriesMs: SANDBOX_RETRIES_MS },
  })

  assert.equal(live.came.length, 11)
  assert.ok(live.came.at(-1)!.at <= 72 * HOUR)
  assert.equal(sandbox.came.length, 4)
  assert.deepEqual([...live.report.gaveUp], [first[0]!.event.id])
  assert.equal(live.report.accepted.size, 0)
})

test('delays shrink with the speed of the merchant, and grow by a tenth of jitter at most', async () => {
  const { came } = await sent({ deliveries: first, answer: status(503), options: { speed: 60, random: () => 0.999 } })

  const waits = came.slice(1).map(({ at }, n) => at - came[n]!.at)
  waits.forEach((wait, n) => {
    const delayMs = LIVE_RETRIES_MS[n]! / 60
    assert.ok(wait > delayMs && wait < delayMs * 1.1, `${wait} after ${delayMs}`)
  })
})

test('each attempt is signed anew, for every secret, in a way that the stripe package accepts', async () => {
  const { came } = await sent({ deliveries: first, answer: status(500) })

  for (const { at, received } of came) {
    const header = String(received.headers['stripe-signature'])
    assert.match(header, /^t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64},v0=[0-9a-f]{64}$/)
    assert.equal(Number(header.match(/^t=(\d+)/)![1]), Math.floor((startAt + at) / 1000))
    for (const secret of secrets) {
      const event = Stripe.webhooks.constructEvent(received.body, header, secret, 300, undefined, startAt + at)
      assert.equal(event.id, first[0]!.event.id)
    }
  }
})

test("a request looks like Stripe's, and holds the bytes of the event", async () => {
  const { came } = await sent({ deliveries: first, answer: status(200) })

  const { body, headers } = came[0]!.received
  assert.deepEqual(body, first[0]!.event.body)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(headers['user-agent'], 'Stripe/1.0 (+https://stripe.com/docs/webhooks)')
  assert.equal(headers['content-length'], String(body.length))
})

test('torn and forged deliveries do not verify, are not tried again, and a receiver that takes them is told of', async () => {
  const { event, body } = first[0]!
  const bad: Delivery[] = [
    { kind: 'torn', at: startAt, event, body: body.subarray(0, 100), faults: ['torn'] },
    { kind: 'forged', at: startAt, event, body, faults: ['forged'] },
  ]
  const refusing = await sent({ deliveries: bad, answer: status(400) })
  const taking = await sent({ deliveries: bad, answer: status(200) })

  for (const { received, at } of refusing.came) {
    const header = String(received.headers['stripe-signature'])
    for (const secret of secrets) {
      assert.throws(() => Stripe.webhooks.constructEvent(received.body, header, secret, 300, undefined, startAt + at))
    }
  }
  assert.deepEqual([refusing.report.sent, refusing.report.badRefused, refusing.report.retried], [2, 2, 0])
  assert.deepEqual(refusing.report.refused, {})
  assert.deepEqual([...taking.report.badAccepted], [event.id])
  assert.equal(taking.report.accepted.size, 0)
})

test('an endpoint that takes nothing for nine days is disabled: what comes then, and every retry, is dropped for good', async () => {
  const daily = deliveries.slice(0, 14)
  const spread = (_delivery: Delivery, index: number) => startAt + index * DAY
  const { report, came } = await sent({ deliveries: daily, answer: status(500), options: { pace: spread } })

  assert.ok(report.disabledAt !== null && report.disabledAt - startAt >= 9 * DAY)
  assert.ok(report.disabledAt - startAt < 10 * DAY)
  assert.ok(came.every(({ at }) => startAt + at <= report.disabledAt!))
  assert.equal(report.gaveUp.size + report.withheld.size, daily.length)
  assert.ok(report.withheld.has(daily.at(-1)!.event.id))
})

test('one success within the nine days keeps the endpoint, and a disabled one can be enabled again', async () => {
  const daily = deliveries.slice(0, 14)
  const spread = (_delivery: Delivery, index: number) => startAt + index * DAY
  let n = 0
  const kept = await sent({
    deliveries: daily,
    options: { pace: spread, retriesMs: [] },
    answer: (received, response) => status(n++ === 7 ? 200 : 500)(received, response),
  })
  const again = await sent({
    deliveries: daily,
    options: { pace: spread, retriesMs: [] },
    answer: status(500),
    onDisabled: (sender) => sender.enable(),
  })

  assert.equal(kept.report.disabledAt, null)
  assert.equal(kept.came.length, 14)
  assert.equal(again.report.disabledAt, null)
  assert.deepEqual([again.report.withheld.size, again.came.length], [1, 13])
})

test('a dropped delivery is counted and never sent', async () => {
  const { report, came } = await sent({
    deliveries: first.map((one) => ({ ...one, kind: 'dropped' as const })),
    answer: status(200),
  })

  assert.equal(came.length, 0)
  assert.deepEqual([...report.dropped], [first[0]!.event.id])
})

test('no more requests are on the wire than the concurrency allows', async () => {
  const open: ServerResponse[] = []
  let most = 0
  let answered = 0
  const { report } = await sent({
    deliveries,
    options: { concurrency: 3, pace: () => startAt },
    answer(_received, response) {
      open.push(response)
      most = Math.max(most, open.length)
      // All are there that can come: let them go.
      if (open.length < Math.min(3, deliveries.length - answered)) return
      answered += open.length
      for (const held of open.splice(0)) held.writeHead(200).end()
    },
  })

  assert.equal(most, 3)
  assert.equal(report.accepted.size, deliveries.length)
})

test('at a rate, deliveries leave evenly; at a speed, as the merchant made them', async () => {
  const even = await sent({
    deliveries: deliveries.slice(0, 8),
    answer: status(200),
    options: { pace: atRate({ perSecond: 4, startAt }) },
  })
  const lived = await sent({
    deliveries,
    answer: status(200),
    options: { pace: atSpeed({ speed: 10, startAt, beginsAt: startAt }) },
  })

  assert.deepEqual(
    even.came.map(({ at }) => at),
    [0, 250, 500, 750, 1000, 1250, 1500, 1750],
  )
  const due = deliveries.map(({ at }) => (at - startAt) / 10)
  lived.came.forEach(({ at }, n) => {
    assert.ok(Math.abs(at - due[n]!) < 1, `${at} instead of ${due[n]}`)
  })
})

test('when the signal aborts, what is on the wire is waited for and nothing else leaves', async () => {
  const stop = new AbortController()
  const { report, came } = await sent({
    deliveries,
    options: { signal: stop.signal, concurrency: 1 },
    answer(received, response) {
      stop.abort()
      status(200)(received, response)
    },
  })

  assert.equal(came.length, 1)
  assert.deepEqual([...report.accepted], [deliveries[0]!.event.id])
  assert.equal(report.inFlight, 0)
})

test('nobody at the address is a failure like any other', async () => {
  const clock = new VirtualClock(startAt)
  const server = await receiver(() => {})
  await server.close()
  const pace = atRate({ perSecond: 1, startAt })
  const sender = createSender({ to: server.url, secrets, clock, pace, random: () => 0, retriesMs: [HOUR] })
  const report = await drive(clock, () => sender.report().inFlight, sender.run(first))

  assert.deepEqual(report.refused, { unreachable: 2 })
  assert.equal(report.latencyMs, null)
})

test('the latencies of what was answered are in the report', async () => {
  const { report } = await sent({
    deliveries: deliveries.slice(0, 3),
    options: { concurrency: 1, pace: atRate({ perSecond: 0.01, startAt }) },
    async answer(received, response, clock) {
      await clock.advance(40)
      status(200)(received, response)
    },
  })

  assert.deepEqual(report.latencyMs, { p50: 40, p99: 40 })
})
