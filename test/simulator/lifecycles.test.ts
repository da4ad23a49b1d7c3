import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY, HOUR } from '../../src/simulator/calendar.ts'
import type { SimulatedEvent } from '../../src/simulator/event.ts'
import { createMerchant } from '../../src/simulator/merchant.ts'
import { type Business, calmBusiness } from '../../src/simulator/shop.ts'
import { type Fields, objectOf, previousOf } from './reading.ts'

const startAt = Date.UTC(2026, 10, 24, 9, 30)
const calm: Partial<Business> = {
  ...calmBusiness,
  offers: [{ name: 'Team', amount: 2900, currency: 'usd', interval: 'month' }],
}
const lived = (business: Partial<Business>, days = 100, seed = 5) =>
  createMerchant({ seed, startAt, business: { ...calm, ...business } }).advance(startAt + days * DAY)

const types = (events: readonly SimulatedEvent[]) => events.map(({ type }) => type)
const firstOf = (events: readonly SimulatedEvent[]) => events.filter(({ customer }) => customer === events[0]!.customer)
const named = (events: readonly SimulatedEvent[], type: string) => events.filter((event) => event.type === type)
const only = (events: readonly SimulatedEvent[], type: string) => {
  const found = events.find((event) => event.type === type)
  assert.ok(found, `no ${type} among ${types(events).join()}`)
  return found
}

test('a purchase through Checkout pays first and makes an active subscription', () => {
  const events = lived({ growthPerDay: 1 }, 20)

  assert.deepEqual(types(events).slice(0, 16), [
    'customer.created',
    'payment_method.attached',
    'customer.updated',
    'invoice.created',
    'invoice.finalized',
    'invoice.updated',
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.succeeded',
    'invoice_payment.paid',
    'invoice.paid',
    'invoice.payment_succeeded',
    'invoice.updated',
    'customer.subscription.created',
    'checkout.session.completed',
    'charge.updated',
  ])
})

test('where the old API is wished for, the subscription is incomplete until the payment', () => {
  const events = firstOf(lived({ growthPerDay: 1, incompleteFirst: true }, 20))

  const created = only(events, 'customer.subscription.created')
  const updated = only(events, 'customer.subscription.updated')
  assert.equal(objectOf(created)['status'], 'incomplete')
  assert.ok(events.indexOf(created) < events.indexOf(only(events, 'charge.succeeded')))
  assert.deepEqual(previousOf(updated), { status: 'incomplete' })
})

test('a renewal moves the period and drafts an invoice, which is finalised and paid an hour later', () => {
  const events = lived({ customers: 1 }, 40)
  const begun = only(events, 'customer.subscription.updated')
  const draft = only(events, 'invoice.created')

  assert.deepEqual(
    types(events).slice(0, 14),
    [
      'invoice.upcoming',
      'customer.subscription.updated',
      'invoice.created',
      'invoice.finalized',
      'invoice.updated',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice.updated',
      'charge.updated',
      'invoice.upcoming',
    ].slice(0, types(events).length),
  )
  assert.deepEqual(Object.keys(previousOf(begun)), ['items', 'latest_invoice'])
  assert.deepEqual(Object.keys(previousOf(begun)['items']), ['data'])
  assert.equal(previousOf(begun)['items'].data[0].current_period_end, begun.created)
  assert.deepEqual(begun.json['request'], { id: null, idempotency_key: null })
  assert.equal(objectOf(draft)['status'], 'draft')
  assert.equal(objectOf(draft)['auto_advance'], true)
  const wait = only(events, 'invoice.finalized').at - draft.at
  assert.ok(wait >= HOUR && wait <= HOUR + 5 * 60_000, `${wait} ms`)
})

test('the last update of a paid invoice tells what it was before', () => {
  const [, paid] = named(lived({ customers: 1 }, 40), 'invoice.updated')

  const { status_transitions, ...before } = previousOf(paid!)
  assert.deepEqual(status_transitions, { paid_at: null })
  assert.deepEqual(before, {
    amount_paid: 0,
    amount_remaining: 2900,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    next_payment_attempt: objectOf(named(lived({ customers: 1 }, 40), 'invoice.created')[0]!)['next_payment_attempt'],
    status: 'open',
  })
})

test('the coming invoice has no id', () => {
  const upcoming = only(lived({ customers: 1 }, 40), 'invoice.upcoming')

  assert.equal(upcoming.object, null)
  assert.equal('id' in objectOf(upcoming), false)
  assert.ok(upcoming.customer)
})

test('a declined renewal goes past due, is tried again after 3, 5 and 7 days, and ends the subscription', () => {
  const events = lived({ customers: 1, failureShare: 1, recoveryShare: 0 })
  const failures = named(events, 'invoice.payment_failed')

  assert.deepEqual(
    failures.map((event) => objectOf(event)['attempt_count']),
    [1, 2, 3, 4],
  )
  assert.deepEqual(
    failures.slice(1).map((event, n) => (event.at - failures[n]!.at) / DAY),
    [3, 5, 7],
  )
  assert.deepEqual(
    failures.map((event) => objectOf(event)['next_payment_attempt']),
    [...failures.slice(1).map(({ created }) => created), null],
  )
  const pastDue = named(events, 'customer.subscription.updated').at(-1)!
  assert.deepEqual(previousOf(pastDue), { status: 'active' })
  const end = events.at(-1)!
  assert.equal(end.type, 'customer.subscription.deleted')
  assert.equal(objectOf(end)['status'], 'canceled')
  assert.equal(objectOf(end)['cancellation_details'].reason, 'payment_failed')
})

test('a first failure tells, in this order, of the charge, the payment, the invoice and the subscription', () => {
  const events = lived({ customers: 1, failureShare: 1, recoveryShare: 1 })
  const from = types(events).indexOf('payment_intent.created')

  assert.deepEqual(types(events).slice(from, from + 16), [
    'payment_intent.created',
    'charge.failed',
    'payment_intent.payment_failed',
    'invoice.payment_failed',
    'invoice.updated',
    'customer.subscription.updated',
    'charge.succeeded',
    'payment_intent.succeeded',
    'invoice_payment.paid',
    'invoice.paid',
    'invoice.payment_succeeded',
    'invoice.updated',
    'customer.subscription.updated',
    'charge.updated',
    'invoice.upcoming',
    'customer.subscription.updated',
  ])
  assert.deepEqual(Object.keys(previousOf(events[from + 4]!)), ['attempt_count', 'attempted', 'next_payment_attempt'])
  assert.deepEqual(previousOf(events[from + 12]!), { status: 'past_due' })
})

test('a trial costs nothing, is announced three days before its end, and is active before any money moved', () => {
  const events = firstOf(lived({ growthPerDay: 1, trialShare: 1 }, 40))
  const created = only(events, 'customer.subscription.created')
  const notice = only(events, 'customer.subscription.trial_will_end')
  const active = only(events, 'customer.subscription.updated')

  assert.equal(objectOf(created)['status'], 'trialing')
  assert.equal(objectOf(only(events, 'invoice.paid'))['amount_paid'], 0)
  assert.equal(objectOf(only(events, 'checkout.session.completed'))['payment_status'], 'no_payment_required')
  assert.equal(notice.created, objectOf(created)['trial_end'] - (3 * DAY) / 1000)
  assert.equal(active.created, objectOf(created)['trial_end'])
  assert.equal(previousOf(active)['status'], 'trialing')
  assert.deepEqual(Object.keys(previousOf(active)).sort(), ['items', 'latest_invoice', 'status'])
  assert.ok(events.indexOf(active) < events.indexOf(only(events, 'charge.succeeded')))
})

const offers = [
  { name: 'Small', amount: 1000, currency: 'usd', interval: 'month' },
  { name: 'Large', amount: 5000, currency: 'usd', interval: 'month' },
] as const

test('a plan change makes two prorations, changes the items, and both are on the next invoice', () => {
  const events = lived({ customers: 1, offers, changeShare: 1 })
  const [unused, rest] = named(events, 'invoiceitem.created')
  const changed = events[events.indexOf(rest!) + 1]!

  assert.ok(objectOf(unused!)['amount'] < 0 && objectOf(rest!)['amount'] > 0)
  assert.equal(changed.type, 'customer.subscription.updated')
  assert.deepEqual(Object.keys(previousOf(changed)).sort(), ['items', 'plan'])
  assert.notEqual((changed.json['request'] as Fields)['id'], null)
  const next = events.slice(events.indexOf(changed)).find(({ type }) => type === 'invoice.created')
  const amounts = objectOf(next!)['lines'].data.map(({ amount }: { amount: number }) => amount)
  assert.deepEqual(amounts, [
    objectOf(unused!)['amount'],
    objectOf(rest!)['amount'],
    objectOf(changed)['items'].data[0].price.unit_amount,
  ])
})

test('a change of interval is invoiced and paid at once, and a new period begins', () => {
  const yearly = { name: 'Yearly', amount: 20_000, currency: 'usd', interval: 'year' } as const
  const events = lived({ customers: 8, offers: [offers[0], yearly], changeShare: 1 })
  const invoice = events.find((event) => objectOf(event)['billing_reason'] === 'subscription_update')
  assert.ok(invoice)
  const changed = events.slice(events.indexOf(invoice)).find(({ type }) => type === 'customer.subscription.updated')

  assert.equal(changed!.at, invoice.at)
  assert.deepEqual(Object.keys(previousOf(changed!)).sort(), [
    'billing_cycle_anchor',
    'items',
    'latest_invoice',
    'plan',
  ])
  assert.equal(objectOf(changed!)['items'].data[0].current_period_start, invoice.created)
})

test('a cancellation keeps the time of the request, and the end comes with the period', () => {
  const ends = lived({ customers: 60, cancelShare: 1 }).filter(({ type }) => type === 'customer.subscription.deleted')
  const scheduled = ends.map(objectOf).filter(({ cancel_at }) => cancel_at !== null)
  const atOnce = ends.map(objectOf).filter(({ cancel_at }) => cancel_at === null)

  assert.ok(scheduled.length > 5 && atOnce.length > 5)
  for (const end of scheduled) {
    assert.equal(end['ended_at'], end['cancel_at'])
    assert.ok(end['canceled_at'] < end['ended_at'])
  }
  for (const end of atOnce) assert.equal(end['canceled_at'], end['ended_at'])
  for (const end of [...scheduled, ...atOnce])
    assert.equal(end['cancellation_details'].reason, 'cancellation_requested')
})

test('a scheduled cancellation in flexible mode shows in the date only', () => {
  const requests = lived({ customers: 60, cancelShare: 1 }).filter(
    (event) => previousOf(event)?.['cancel_at'] === null && event.type === 'customer.subscription.updated',
  )
  const flagged = (mode: string) =>
    requests
      .map(objectOf)
      .filter(({ billing_mode }) => billing_mode.type === mode)
      .map((one) => one['cancel_at_period_end'])

  assert.ok(flagged('classic').length > 5 && flagged('classic').every((flag) => flag === true))
  assert.ok(flagged('flexible').length > 5 && flagged('flexible').every((flag) => flag === false))
})

test('a refund comes with its charge, whose refunded amount grows with each', () => {
  const events = lived({ customers: 30, refundShare: 1 })
  const halves = named(events, 'charge.refunded').filter((event) => previousOf(event)['amount_refunded'] > 0)

  for (const charge of named(events, 'charge.refunded')) {
    assert.equal(events[events.indexOf(charge) - 1]!.type, 'refund.created')
    assert.equal(objectOf(events[events.indexOf(charge) - 1]!)['charge'], charge.object)
  }
  assert.ok(halves.length > 3)
  assert.ok(halves.every((event) => objectOf(event)['refunded'] === true && previousOf(event)['refunded'] === false))
})
