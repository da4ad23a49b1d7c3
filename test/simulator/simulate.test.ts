import assert from 'node:assert/strict'
import { test } from 'node:test'
import Stripe from 'stripe'
import { VirtualClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { DAY } from '../../src/simulator/calendar.ts'
import { unruly } from '../../src/simulator/faults.ts'
import { type SimulateOptions, simulate } from '../../src/simulator/simulate.ts'
import type { Story } from '../../src/simulator/story.ts'
import { sumOf } from '../../src/simulator/truth.ts'
import { knownTypes } from '../../src/stripe/catalog.ts'
import { drive } from './drive.ts'
import { receiver } from './receiver.ts'

const startAt = Date.UTC(2026, 10, 24)
const secret = 'whsec_simulated'

/** A receiver that verifies with the stripe package and keeps what it took, each event once. */
async function simulated(options: Partial<SimulateOptions>, refuse: () => boolean = () => false) {
  const clock = new VirtualClock(startAt)
  const kept = new Map<string, { event: Stripe.Event; bytes: string }>()
  const server = await receiver(({ body, headers }, response) => {
    try {
      const header = String(headers['stripe-signature'])
      const event = Stripe.webhooks.constructEvent(body, header, secret, 300, undefined, clock.now())
      if (refuse()) return response.writeHead(503).end()
      kept.set(event.id, { event, bytes: body.toString('utf8') })
      return response.writeHead(200).end('{"received":true}')
    } catch {
      return response.writeHead(400).end()
    }
  })
  const basics = { to: server.url, secrets: [secret], clock, random: seeded(6), log: silent }
  const simulation = simulate({ ...basics, business: { customers: 30 }, ...options })
  try {
    const report = await drive(clock, () => simulation.stats().inFlight, simulation.done)
    return { report, kept, truth: simulation.truth(), seed: simulation.seed, tookMs: clock.now() - startAt }
  } finally {
    await server.close()
  }
}

test('in spite of all faults and refusals every event is taken in the end, and the money agrees', async () => {
  const moody = seeded(12)
  const faults = { ...unruly, torn: 0.1, forged: 0.1, doubled: 0.1 }
  const { report, kept, truth, seed } = await simulated({ count: 400, rate: 500, faults }, () => moody() < 0.2)

  assert.equal(truth.length, 400, `seed ${seed}`)
  assert.deepEqual(new Set(kept.keys()), new Set(truth.map(({ id }) => id)))
  assert.deepEqual(new Set(report.accepted), new Set(kept.keys()))
  const paid: Record<string, number> = {}
  for (const { event } of kept.values()) {
    if (event.type !== 'invoice.paid') continue
    const { currency, amount_paid } = event.data.object
    paid[currency] = (paid[currency] ?? 0) + amount_paid
  }
  assert.deepEqual(sumOf(truth, 'invoice.paid'), paid)
  assert.ok(report.badRefused > 10 && report.badAccepted.size === 0 && report.gaveUp.size === 0)
})

test('what is dropped is told, and is all that lacks', async () => {
  const { report, kept } = await simulated({ count: 200, rate: 500, faults: { dropped: 0.1 } })

  assert.ok(report.dropped.size > 5)
  assert.equal(report.dropped.size + kept.size, 200)
  for (const id of report.dropped) assert.equal(kept.has(id), false)
})

test('the same seed sends the same bytes', async () => {
  const bytes = async (seed: number) => {
    const { kept } = await simulated({ count: 120, rate: 1000, seed })
    return [...kept.values()].map((one) => one.bytes).sort()
  }

  assert.deepEqual(await bytes(3), await bytes(3))
  assert.notDeepEqual(await bytes(3), await bytes(4))
})

test('at a speed, the merchant lives that much faster', async () => {
  const { report, truth, tookMs } = await simulated({ count: 50, speed: 3600 })

  assert.equal(report.accepted.size, 50)
  const livedMs = Math.max(...truth.map(({ created }) => created * 1000)) - startAt
  assert.ok(Math.abs(tookMs - livedMs / 3600) < 1000, `${tookMs} ms for ${livedMs} ms`)
})

test('it goes on until it is stopped', async () => {
  const stop = new AbortController()
  let asked = 0
  const { report, kept } = await simulated({ rate: 100, signal: stop.signal }, () => {
    asked++
    if (asked === 60) stop.abort()
    return false
  })

  assert.equal(report.accepted.size, 60)
  assert.equal(report.accepted.size, kept.size)
})

const every = { late: 0.1, shuffled: 0.2, doubled: 0.2, twin: 0.1, burst: 0.1, torn: 0.1, forged: 0.1 }

test('the truth tells of each event once: what was done to it, each delivery, each answer, and its end', async () => {
  const moody = seeded(13)
  const stories: Story[] = []
  const faults = { ...every, dropped: 0.1, ungenerated: 0.1 }
  const { kept, report } = await simulated(
    { count: 300, rate: 1000, faults, onStory: (story) => void stories.push(story) },
    () => moody() < 0.2,
  )

  assert.equal(new Set(stories.map(({ id }) => id)).size, stories.length)
  assert.equal(stories.filter(({ twinOf }) => twinOf === null).length, 300)
  const fates = (fate: string) => new Set(stories.filter((story) => story.fate === fate).map(({ id }) => id))
  assert.deepEqual(fates('accepted'), new Set(kept.keys()))
  assert.deepEqual(fates('dropped'), new Set(report.dropped))
  assert.deepEqual(fates('ungenerated'), new Set(report.ungenerated))
  assert.ok(fates('dropped').size > 10 && fates('ungenerated').size > 10)
  for (const { fate, faults, deliveries } of stories) {
    const answers = deliveries.flatMap((one) => one.answers)
    if (fate !== 'accepted') assert.deepEqual([answers, faults], [[], [fate]])
    else assert.ok(answers.includes(200))
    for (const { kind, answers } of deliveries)
      if (kind === 'torn' || kind === 'forged') assert.deepEqual(answers, [400])
  }
  assert.equal(
    stories.reduce((sum, { deliveries }) => sum + deliveries.flatMap(({ answers }) => answers).length, 0),
    report.sent,
  )
})

test('what was under way when it was stopped is told as unfinished, and the disabled endpoint is in the truth', async () => {
  const stories: Story[] = []
  const stop = new AbortController()
  const onStory = (story: Story) => void stories.push(story)
  const refused = () => {
    if (stories.length === 0) stop.abort()
    return true
  }
  await simulated({ count: 100, rate: 100, signal: stop.signal, onStory }, refused)
  assert.ok(stories.length > 0 && stories.every(({ fate }) => fate === 'unfinished'))

  stories.length = 0
  const { report } = await simulated({ count: 100, speed: 100_000, disableAfterMs: DAY, onStory }, () => true)
  const withheld = stories.filter(({ fate }) => fate === 'withheld')
  assert.equal(withheld.length, report.withheld.size)
  assert.ok(withheld.length > 50)
})

test('one event of every type can be sent, and is taken as any other', async () => {
  const { report, kept } = await simulated({ everyType: true, speed: 1 })

  assert.equal(report.accepted.size, knownTypes().length)
  assert.deepEqual(new Set([...kept.values()].map(({ event }) => event.type)), new Set(knownTypes()))
})
