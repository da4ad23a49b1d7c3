import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY } from '../../src/simulator/calendar.ts'
import type { SimulatedEvent } from '../../src/simulator/event.ts'
import { createMerchant } from '../../src/simulator/merchant.ts'
import { type Business, calmBusiness } from '../../src/simulator/shop.ts'
import { type Fields, objectOf, previousOf } from './reading.ts'

const startAt = Date.UTC(2026, 10, 24, 9, 30)
const lived = (business: Partial<Business>, days = 100, seed = 5) =>
  createMerchant({ seed, startAt, business: { ...calmBusiness, ...business } }).advance(startAt + days * DAY)

const named = (events: readonly SimulatedEvent[], type: string) => events.filter((event) => event.type === type)
const types = (events: readonly SimulatedEvent[]) => events.map(({ type }) => type)

/** The events about one object, in order, for each object of which one is of `type`. */
function storiesOf(events: readonly SimulatedEvent[], type: string): SimulatedEvent[][] {
  const ids = new Set(named(events, type).map(({ object }) => object))
  assert.ok(ids.size > 0, `${type} happened`)
  return [...ids].map((id) => events.filter(({ object }) => object === id))
}

test('a dispute takes its money at once, is answered, and gives the money back only when it is won', () => {
  const events = lived({ customers: 80, disputeShare: 1 })
  const stories = storiesOf(events, 'charge.dispute.created')
  const ends = new Set<string>()

  for (const story of stories) {
    const [opened] = story
    const inquiry = objectOf(opened!)['status'] === 'warning_needs_response'
    assert.equal(types(story).includes('charge.dispute.funds_withdrawn'), !inquiry)
    const closed = story.find(({ type }) => type === 'charge.dispute.closed')
    if (!closed) continue
    const { status, amount, balance_transactions } = objectOf(story.at(-1)!)
    ends.add(status)
    assert.equal(types(story).at(-1) === 'charge.dispute.funds_reinstated', status === 'won')
    const moved = balance_transactions.map((one: Fields) => one['amount'])
    assert.deepEqual(moved, inquiry ? [] : status === 'won' ? [-amount, amount] : [-amount])
  }
  assert.deepEqual(ends, new Set(['won', 'lost', 'warning_closed']))
  const answered = named(events, 'charge.dispute.updated').filter((event) => previousOf(event)['status'])
  for (const event of answered) {
    assert.deepEqual(Object.keys(previousOf(event)), ['evidence_details', 'status'])
    assert.deepEqual(previousOf(event)['evidence_details'], { submission_count: 0, submission_method: 'not_submitted' })
  }
})

test('a refund that fails days later gives its charge back what was refunded', () => {
  const events = lived({ customers: 120, refundShare: 1 })
  const failed = named(events, 'refund.failed')

  assert.ok(failed.length > 3)
  for (const event of failed) {
    const after = events.slice(events.indexOf(event)).find(({ type }) => type === 'charge.updated')!
    assert.equal(objectOf(after)['id'], objectOf(event)['charge'])
    assert.equal(previousOf(after)['amount_refunded'] - objectOf(after)['amount_refunded'], objectOf(event)['amount'])
    assert.ok(event.created - objectOf(event)['created'] >= (2 * DAY) / 1000)
  }
})

test('a credit note says which refund it stands for, and its invoice how much was credited', () => {
  const events = lived({ customers: 80, refundShare: 1 })
  const notes = named(events, 'credit_note.created')

  assert.ok(notes.length > 5)
  for (const note of notes) {
    const invoice = events[events.indexOf(note) + 1]!
    assert.equal(invoice.object, objectOf(note)['invoice'])
    assert.equal(objectOf(invoice)['post_payment_credit_notes_amount'], objectOf(note)['amount'])
    assert.equal(objectOf(note)['refunds'].length, 1)
  }
})

test('what is never paid leaves the subscription unpaid, its later invoices drafts, until another card pays or it ends', () => {
  const events = lived({ customers: 60, failureShare: 1, recoveryShare: 0.3, unpaidShare: 1 }, 150)
  const unpaid = storiesOf(events, 'customer.subscription.updated').filter((story) =>
    story.some((event) => objectOf(event)['status'] === 'unpaid'),
  )
  const ends = new Set<string>()

  for (const story of unpaid) {
    const from = story.findIndex((event) => objectOf(event)['status'] === 'unpaid')
    assert.equal(previousOf(story[from]!)['status'], 'past_due')
    const back = story.slice(from).find((event) => previousOf(event)?.['status'] === 'unpaid')
    if (back) ends.add(objectOf(back)['status'])
    if (story.at(-1)!.type === 'customer.subscription.deleted') ends.add('canceled')
  }
  assert.deepEqual(ends, new Set(['active', 'canceled']))
})

test('a bank that wants to see the customer puts the renewal past due until they came', () => {
  const events = lived({ customers: 10, challengeShare: 1, recoveryShare: 1 }, 40)

  const untilAt = startAt + 39 * DAY
  const stories = storiesOf(events, 'payment_intent.requires_action')
  for (const story of stories.filter(([first]) => first!.at < untilAt)) {
    assert.deepEqual(types(story), [
      'payment_intent.created',
      'payment_intent.requires_action',
      'payment_intent.succeeded',
    ])
    const asked = events.indexOf(story[1]!)
    assert.deepEqual(types(events.slice(asked + 1, asked + 4)), [
      'invoice.payment_action_required',
      'invoice.updated',
      'customer.subscription.updated',
    ])
    assert.equal(objectOf(events[asked + 3]!)['status'], 'past_due')
  }
})

test('a trial without a card pauses at its end, and resumes when a card comes', () => {
  const events = lived({ growthPerDay: 2, trialShare: 1, cardlessShare: 1 }, 60)
  const resumed = named(events, 'customer.subscription.resumed')

  for (const paused of named(events, 'customer.subscription.paused')) {
    assert.equal(objectOf(paused)['status'], 'paused')
    assert.equal(objectOf(paused)['default_payment_method'], null)
    assert.deepEqual(previousOf(events[events.indexOf(paused) + 1]!), { status: 'trialing' })
  }
  assert.ok(resumed.length > 3)
  for (const event of resumed) assert.ok(objectOf(event)['default_payment_method'])
})

test('by direct debit the session is complete before it is paid, and pays or fails days later', () => {
  const offers = [{ name: 'Team', amount: 2900, currency: 'eur', interval: 'month' }] as const
  const events = lived({ growthPerDay: 3, debitShare: 1, offers }, 25)
  const stories = storiesOf(events, 'checkout.session.completed').filter((story) => story.length > 1)

  assert.equal(objectOf(stories[0]![0]!)['payment_status'], 'unpaid')
  const ends = stories.map((story) => [types(story).at(-1), objectOf(story.at(-1)!)['payment_status']].join(' '))
  assert.deepEqual(
    new Set(ends),
    new Set(['checkout.session.async_payment_succeeded paid', 'checkout.session.async_payment_failed unpaid']),
  )
  for (const story of storiesOf(events, 'charge.pending')) assert.notEqual(types(story)[1], 'charge.pending')
})

test('a session that nobody completes expires after a day, and names no customer', () => {
  const [expired] = named(lived({ growthPerDay: 1, abandonedShare: 1 }, 10), 'checkout.session.expired')

  assert.equal(objectOf(expired!)['status'], 'expired')
  assert.equal(objectOf(expired!)['expires_at'] - objectOf(expired!)['created'], DAY / 1000)
  assert.equal(expired!.customer, null)
})

test('a company is sent a quote, then invoices that it pays in time, late, or never', () => {
  const events = lived({ growthPerDay: 3, companyShare: 1 }, 80)
  const ways = storiesOf(events, 'invoice.sent').map((story) =>
    types(story)
      .filter((type) => /sent|overdue|paid|uncollectible|voided/.test(type))
      .join(' '),
  )

  for (const way of ['invoice.sent invoice.paid', 'invoice.sent invoice.overdue invoice.paid'])
    assert.ok(ways.includes(way), way)
  assert.ok(ways.some((way) => /overdue invoice.(marked_uncollectible|voided)$/.test(way)))
  for (const story of storiesOf(events, 'quote.accepted')) {
    assert.deepEqual(types(story), ['quote.created', 'quote.finalized', 'quote.accepted'])
    assert.ok(objectOf(story.at(-1)!)['subscription'])
  }
})

test('a card that is let go names no customer any more, but whose it was', () => {
  const detached = named(lived({ customers: 60, detailsShare: 1 }), 'payment_method.detached')

  assert.ok(detached.length > 3)
  for (const event of detached) {
    assert.equal(objectOf(event)['customer'], null)
    assert.deepEqual(previousOf(event), { customer: event.customer })
  }
})

test('a cheaper plan that was wished for begins with the next period, and its schedule lets go', () => {
  const offers = [
    { name: 'Small', amount: 1000, currency: 'usd', interval: 'month' },
    { name: 'Large', amount: 5000, currency: 'usd', interval: 'month' },
  ] as const
  const events = lived({ customers: 40, downgradeShare: 1, offers }, 60)
  const lower = named(events, 'customer.subscription.updated').filter(
    (event) => previousOf(event)['plan']?.['amount'] === 5000,
  )

  assert.ok(lower.length > 3)
  for (const event of lower) {
    assert.equal(objectOf(event)['items'].data[0].price.unit_amount, 1000)
    assert.ok(previousOf(event)['latest_invoice'])
    const story = events.filter(({ customer }) => customer === event.customer)
    assert.match(types(story.slice(story.indexOf(event))).join(), /subscription_schedule\.(released|completed)/)
  }
})

test('a rebate lowers one invoice or those of three months, and then is gone', () => {
  const events = lived({ customers: 60, rebateShare: 1 }, 150)
  const lowered = named(events, 'invoice.paid').filter(
    (event) => objectOf(event)['total'] < objectOf(event)['subtotal'],
  )

  assert.ok(lowered.length > 20)
  for (const event of lowered) assert.equal(objectOf(event)['discounts'].length, 1)
  for (const story of storiesOf(events, 'customer.discount.deleted'))
    assert.equal(types(story).at(-1), 'customer.discount.deleted')
})

test('what is paid out is what came in less fees, refunds and disputes: nothing twice, nothing lost', () => {
  const events = lived({ customers: 60, refundShare: 0.3, disputeShare: 0.2, payouts: true }, 100)
  const total = (type: string, amount: (object: Fields) => number) =>
    named(events, type).reduce((sum, event) => sum + amount(objectOf(event)), 0)
  const fee = (amount: number) => Math.round(amount * 0.029) + 30
  const booked = named(events, 'charge.updated').filter((event) => previousOf(event)['balance_transaction'] === null)
  const came = booked.reduce((sum, event) => sum + objectOf(event)['amount'] - fee(objectOf(event)['amount']), 0)
  const disputed = total('charge.dispute.funds_withdrawn', ({ amount }) => amount + 1500)
  const won = total('charge.dispute.funds_reinstated', ({ amount }) => amount)
  const back = total('refund.created', ({ amount }) => amount) - total('refund.failed', ({ amount }) => amount)
  const out = total('payout.created', ({ amount }) => amount)
  const returned = total('payout.failed', ({ amount }) => amount) + total('payout.canceled', ({ amount }) => amount)
  const { available, pending } = objectOf(named(events, 'balance.available').at(-1)!)

  assert.ok(out > 100_000)
  // The last balance was told before that day's payouts, and something may have come since.
  const left = came + won - disputed - back - (out - returned)
  const told = [...available, ...pending].reduce((sum: number, { amount }: Fields) => sum + amount, 0)
  assert.ok(left >= 0 && left <= told + 200_000, `${left} of ${told}`)
})

test('a single order is captured days after its charge, or its hold expires', () => {
  const events = lived({ preordersPerDay: 3 }, 40)

  for (const story of storiesOf(events, 'charge.captured')) {
    const captured = story.find(({ type }) => type === 'charge.captured')!
    assert.deepEqual(previousOf(captured), { amount_captured: 0, captured: false })
  }
  for (const story of storiesOf(events, 'charge.expired'))
    assert.deepEqual(types(story), ['charge.succeeded', 'charge.expired'])
  for (const story of storiesOf(events, 'payment_intent.canceled'))
    assert.equal(objectOf(story.at(-1)!)['cancellation_reason'], 'automatic')
})

test('a seller on Connect opens step by step; their events name their account, and the platform’s fees do not', () => {
  const events = lived({ connectedAccounts: 2 }, 60)
  const accounts = new Set(named(events, 'account.updated').map(({ account }) => account))

  assert.equal(accounts.size, 2)
  for (const event of events) {
    const platform = /^(application_fee|transfer)\./.test(event.type)
    assert.equal(event.account === null, platform, event.type)
    assert.equal(event.json['account'] ?? null, event.account)
  }
  for (const account of accounts) {
    const own = named(
      events.filter((event) => event.account === account),
      'account.updated',
    )
    assert.deepEqual(
      own.map((event) => objectOf(event)['charges_enabled']),
      [false, false, true],
    )
    assert.equal(previousOf(own.at(-1)!)['charges_enabled'], false)
  }
  const [fee] = named(events, 'application_fee.created')
  assert.ok(accounts.has(objectOf(fee!)['account']))
})

test('a price that changes is replaced: the old one is set aside, as price and as plan', () => {
  const events = lived({ newsPerDay: 2 }, 40)
  const [aside] = named(events, 'price.updated')
  const after = events[events.indexOf(aside!) + 1]!

  assert.deepEqual([previousOf(aside!), objectOf(aside!)['active']], [{ active: true }, false])
  assert.equal(after.type, 'plan.updated')
  assert.deepEqual([after.object, previousOf(after)], [aside!.object, { active: true }])
})

test('what was deleted is shown as it was, and then there is none', () => {
  const merchant = createMerchant({
    seed: 5,
    startAt,
    business: { ...calmBusiness, customers: 30, cancelShare: 1, deletedShare: 1, newsPerDay: 1 },
  })
  const events = merchant.advance(startAt + 100 * DAY)

  for (const type of ['customer.deleted', 'product.deleted', 'price.deleted', 'coupon.deleted']) {
    const gone = named(events, type)
    assert.ok(gone.length > 0, type)
    for (const event of gone) {
      assert.equal(merchant.objects.has(event.object!), false)
      assert.equal(objectOf(event)['id'], event.object)
    }
  }
})

test('a merchant of a year keeps no more than the papers of some months', () => {
  const at = (days: number) => {
    const merchant = createMerchant({
      seed: 7,
      startAt,
      business: { customers: 10, growthPerDay: 2, cancelShare: 0.5 },
    })
    merchant.advance(startAt + days * DAY)
    return merchant.objects.size
  }

  assert.ok(at(400) < 1.5 * at(200), `${at(400)} after ${at(200)}`)
})
