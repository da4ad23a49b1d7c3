import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import Stripe from 'stripe'
import { pick, type Random, seeded } from '../../../src/core/random.ts'
import { DAY } from '../../../src/simulator/calendar.ts'
import { type Truth, truthOf } from '../../../src/simulator/truth.ts'
import { open, plain, seed } from './open.ts'

const shop = await open(50, { business: { customers: 12, growthPerDay: 0.3 } })
after(shop.close)
const { stripe, delivered, nowAt } = shop
// Newest first, as Stripe lists them.
const truths = shop.made.map(truthOf).reverse()
const listable = truths.filter(({ created }) => created * 1000 >= nowAt - 30 * DAY)
const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id)

const everything = (params: Stripe.EventListParams) => stripe.events.list(params).autoPagingToArray({ limit: 10_000 })

test('without a filter all events of the last thirty days are listed, newest first, delivered or not', async () => {
  assert.ok(listable.length > 150 && listable.length < truths.length)

  assert.deepEqual(ids(await everything({ limit: 100 })), ids(listable))
})

interface Asked {
  readonly params: Stripe.EventListParams
  readonly wanted: (truth: Truth) => boolean
}

const types = [...new Set(listable.map(({ type }) => type))]
const families = [
  'invoice.*',
  'customer.subscription.*',
  '*.created',
  'charge*',
  '*',
  'payment_intent.succeeded',
  'no.such',
]

/** One filter of each kind, from which the tests below put together what they ask. */
const FILTERS: Readonly<Record<string, (random: Random) => Asked>> = {
  type: (random) => {
    const type = pick(random, [...families, ...types])
    const [head = '', tail] = type.split('*')
    const wanted = (named: string) =>
      tail === undefined ? named === type : named.startsWith(head) && named.endsWith(tail)
    return { params: { type }, wanted: (truth) => wanted(truth.type) }
  },
  types: (random) => {
    const some = Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(random, types))
    return { params: { types: some }, wanted: (truth) => some.includes(truth.type) }
  },
  after: (random) => {
    const { created } = pick(random, listable)
    return random() < 0.5
      ? { params: { created: { gt: created } }, wanted: (truth) => truth.created > created }
      : { params: { created: { gte: created } }, wanted: (truth) => truth.created >= created }
  },
  between: (random) => {
    const [one, other] = [pick(random, listable).created, pick(random, listable).created]
    const [from, to] = [Math.min(one, other), Math.max(one, other)]
    return random() < 0.5
      ? { params: { created: { gt: from, lt: to } }, wanted: ({ created }) => created > from && created < to }
      : { params: { created: { gte: from, lte: to } }, wanted: ({ created }) => created >= from && created <= to }
  },
  second: (random) => {
    const { created } = pick(random, listable)
    return { params: { created }, wanted: (truth) => truth.created === created }
  },
  delivery: (random) => {
    const success = random() < 0.5
    return { params: { delivery_success: success }, wanted: ({ id }) => delivered.has(id) === success }
  },
}

test('every filter, alone and together, in pages of any size and from any place, lists what the truth says', async () => {
  const random = seeded(seed)
  const seen = new Set<string>()
  for (let round = 0; round < 60; round++) {
    const kind = pick(random, ['type', 'types'])
    const time = pick(random, ['after', 'between', 'second'])
    const mixed = [kind, time, 'delivery'].filter(() => random() < 0.6)
    // Each of them alone first: in a mixture the narrowest rarely leaves anything.
    const alone = Object.keys(FILTERS)[round]
    const names = alone === undefined ? mixed : [alone]
    const asked = names.map((name) => FILTERS[name]?.(random) as Asked)
    const cursor = pick(random, listable)
    const way = alone === undefined ? pick(random, ['all', 'after', 'before']) : 'all'
    const params: Stripe.EventListParams = Object.assign(
      { limit: 20 + Math.floor(random() * 81) },
      ...asked.map((one) => one.params),
      way === 'after' && { starting_after: cursor.id },
      way === 'before' && { ending_before: cursor.id },
    )
    const place = listable.indexOf(cursor)
    const rest =
      way === 'all' ? listable : way === 'after' ? listable.slice(place + 1) : listable.slice(0, place).reverse()
    const expected = rest.filter((truth) => asked.every(({ wanted }) => wanted(truth)))

    assert.deepEqual(
      ids(await everything(params)),
      ids(expected),
      `seed ${seed}, round ${round}: ${JSON.stringify(params)}`,
    )
    for (const name of expected.length > 0 ? names : []) seen.add(name)
  }
  assert.deepEqual([...seen].sort(), Object.keys(FILTERS).sort())
})

test('a page says whether there is more, and where it is from', async () => {
  const first = await stripe.events.list({ limit: 2 })
  const last = await stripe.events.list({ limit: 2, starting_after: listable.at(-3)?.id })
  const whole = await stripe.events.list({ limit: 3, starting_after: listable.at(-3)?.id })

  assert.equal(first.url, '/v1/events')
  assert.deepEqual([first.has_more, last.has_more, whole.has_more], [true, false, false])
  assert.deepEqual(ids(whole.data), ids(listable.slice(-2)))
  assert.equal((await stripe.events.list()).data.length, 10)
})

test('an event is retrieved as it was sent, but for who still waits for it', async () => {
  const event = shop.made.at(-1)
  const waiting = shop.made.findLast(({ id }) => !delivered.has(id))
  const shown = await stripe.events.retrieve(String(event?.id))

  assert.deepEqual(plain(shown), { ...event?.json, pending_webhooks: delivered.has(String(event?.id)) ? 0 : 1 })
  assert.equal((await stripe.events.retrieve(String(waiting?.id))).pending_webhooks, 1)
})

test('an event of more than thirty days ago is gone', async () => {
  const old = truths.at(-1)

  await assert.rejects(
    stripe.events.retrieve(String(old?.id)),
    (error: unknown) => error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing',
  )
})
