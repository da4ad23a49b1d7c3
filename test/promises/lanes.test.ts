import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { pick, type Random, seeded, shuffled } from '../../src/core/random.ts'
import type { Entry } from '../../src/store/store.ts'
import { rankOf } from '../../src/stripe/catalog.ts'
import { type EventFacts, eventBody } from '../chaos/delivery.ts'
import { ledgerFor } from '../chaos/ground.ts'
import { allSettled, found, here, senderTo } from '../chaos/here.ts'
import type { Sender } from '../chaos/sender.ts'
import { seed, sized } from '../size.ts'

const EVENTS = sized({ tenth: 1_000, whole: 10_000 })
const CUSTOMERS = sized({ tenth: 20, whole: 200 })
const AT_ONCE = 200

const TYPES = [
  'customer.created',
  'invoice.created',
  'invoice.finalized',
  'invoice.paid',
  'customer.subscription.deleted',
]

test(`${EVENTS} events, shuffled, one in ten doubled: never two of one customer at once, each worked once`, async (t) => {
  const cluster = here(t, await ledgerFor(t))
  const busy = new Set<string>()
  const ran = new Map<string, number>()
  const together: string[] = []
  let mostLanes = 0
  cluster.on('*', async ({ id }, { lane }) => {
    if (busy.has(lane)) together.push(`${lane} ${id}`)
    busy.add(lane)
    mostLanes = Math.max(mostLanes, busy.size)
    ran.set(id, (ran.get(id) ?? 0) + 1)
    await new Promise(setImmediate)
    busy.delete(lane)
  })
  await cluster.start()

  await deliver(senderTo(t, cluster), stream(seeded(seed)))
  await allSettled(cluster)

  assert.deepEqual(together, [], `seed ${seed}`)
  assert.ok(mostLanes > 1, 'customers were worked side by side')
  assert.equal(ran.size, EVENTS)
  assert.ok([...ran.values()].every((times) => times === 1))
  assert.equal((await found(cluster, { state: 'done' })).length, EVENTS)
})

test(`${EVENTS} events admitted before processing starts, strict: each customer's in (created, rank, arrival) order`, async (t) => {
  const ledger = await ledgerFor(t)
  const door = here(t, ledger)
  await door.start(['ingestion'])
  await deliver(senderTo(t, door), stream(seeded(seed + 1)))
  await door.stop()

  const worked: { lane: string; id: string }[] = []
  const cluster = here(t, ledger)
  // One in seven fails at first: those behind it have to wait.
  const retry = { attempts: 3, baseMs: 1 }
  cluster.on('*', { order: 'strict', retry }, ({ id }, { lane, attempt }) => {
    if (attempt === 1 && Number(id.slice(4)) % 7 === 0) throw new Error('not at first')
    worked.push({ lane, id })
  })
  await cluster.start(['processing'])
  await allSettled(cluster)

  assert.deepEqual(byLane(worked), inOrder(await found(cluster)), `seed ${seed + 1}`)
  assert.equal(worked.length, EVENTS)
})

/** Many events share a second, as Stripe's do; objects differ, so that none is another's twin. */
function stream(random: Random): EventFacts[] {
  const from = Math.floor(systemClock.now() / 1_000) - 100
  const events = Array.from({ length: EVENTS }, (_, n) => ({
    id: `evt_${n}`,
    object: `in_${n}`,
    type: pick(random, TYPES),
    customer: `cus_${Math.floor(random() * CUSTOMERS)}`,
    created: from + Math.floor(random() * 20),
  })).map((event) => (event.type.startsWith('customer.created') ? { ...event, object: event.customer } : event))
  return shuffled(random, [...events, ...events.filter((_, n) => n % 10 === 0)])
}

async function deliver(sender: Sender, events: readonly EventFacts[]): Promise<void> {
  const waiting = [...events]
  const one = async () => {
    for (let event = waiting.shift(); event; event = waiting.shift())
      assert.equal((await sender.post(eventBody(event))).status, 200)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

/** The ids of each lane in the order that was promised. `ref` rises with arrival. */
function inOrder(entries: readonly Entry[]): Record<string, string[]> {
  const sorted = [...entries].sort(
    (a, b) => a.createdAt - b.createdAt || rankOf(a.type) - rankOf(b.type) || a.ref - b.ref,
  )
  return byLane(sorted)
}

function byLane(events: readonly { lane: string; id: string }[]): Record<string, string[]> {
  const lanes = Object.groupBy(events, ({ lane }) => lane)
  return Object.fromEntries(
    Object.keys(lanes)
      .sort()
      .map((lane) => [lane, lanes[lane]!.map(({ id }) => id)]),
  )
}
