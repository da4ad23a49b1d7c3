import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { familyOf, isKnown, knownTypes, labelOf, rankOf, urgencyOf } from '../../src/stripe/catalog.ts'

test('the catalogue is the union of event types in the stripe package, no more and no less', () => {
  const path = fileURLToPath(import.meta.resolve('stripe')).replace(/esm\/.*$|cjs\/.*$/, 'esm/resources/Events.d.ts')
  const union = /type Type = ((?:'[^']+'(?: \| )?)+);/.exec(readFileSync(path, 'utf8'))
  assert.ok(union, 'the union was found in Events.d.ts')
  const types = [...(union[1] as string).matchAll(/'([^']+)'/g)].map(([, type]) => type as string)

  assert.ok(types.length > 200)
  assert.deepEqual([...knownTypes()].sort(), [...types].sort())
})

test('every verb of a known type has a rank of its own between 0 and 31', () => {
  const unranked = rankOf('no.such_verb')
  for (const type of knownTypes()) {
    assert.ok(rankOf(type) >= 0 && rankOf(type) <= 31, type)
    assert.notEqual(rankOf(type), unranked, `${type} has no rank`)
  }
})

test('created comes first and deleted last', () => {
  for (const type of knownTypes()) {
    if (type.endsWith('.created')) assert.equal(rankOf(type), 0, type)
    if (type.endsWith('.deleted')) assert.equal(rankOf(type), 31, type)
    else assert.ok(rankOf(type) < 31, type)
  }
})

const sequences: Readonly<Record<string, readonly string[]>> = {
  'a purchase through Checkout': [
    'customer.subscription.created',
    'customer.subscription.updated',
    'invoice.finalized',
    'charge.succeeded',
    'payment_intent.succeeded',
    'invoice_payment.paid',
    'invoice.paid',
    'invoice.payment_succeeded',
    'checkout.session.completed',
  ],
  'a failed payment that works later': [
    'invoice.created',
    'invoice.finalized',
    'payment_intent.requires_action',
    'charge.failed',
    'payment_intent.payment_failed',
    'invoice.payment_failed',
    'invoice.paid',
  ],
  'an invoice that is given up': [
    'invoice.created',
    'invoice.updated',
    'invoice.finalized',
    'invoice.marked_uncollectible',
    'invoice.voided',
    'invoice.deleted',
  ],
  'a charge that is given back': ['charge.pending', 'charge.succeeded', 'charge.captured', 'charge.refunded'],
  'a refund that fails': ['refund.created', 'refund.updated', 'refund.failed'],
  'a dispute that is won': [
    'charge.dispute.created',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.closed',
    'charge.dispute.funds_reinstated',
  ],
  'a payout that comes back': [
    'payout.created',
    'payout.updated',
    'payout.paid',
    'payout.reconciliation_completed',
    'payout.failed',
  ],
  'a trial that ends': [
    'customer.subscription.created',
    'customer.subscription.trial_will_end',
    'customer.subscription.updated',
    'customer.subscription.paused',
    'customer.subscription.resumed',
    'customer.subscription.deleted',
  ],
  'a payment method': ['payment_method.attached', 'payment_method.updated', 'payment_method.detached'],
  'a delayed payment': [
    'checkout.session.completed',
    'checkout.session.async_payment_failed',
    'checkout.session.expired',
  ],
  'a schedule': ['subscription_schedule.created', 'subscription_schedule.updated', 'subscription_schedule.completed'],
}
for (const [name, types] of Object.entries(sequences)) {
  test(`${name} has rising ranks`, () => {
    for (let i = 1; i < types.length; i++) {
      const [before, after] = [types[i - 1] as string, types[i] as string]
      assert.ok(rankOf(before) < rankOf(after), `${before} (${rankOf(before)}) before ${after} (${rankOf(after)})`)
    }
  })
}

test('a buyer waits for now, renewals are batch, the rest and the unknown are soon', () => {
  for (const type of knownTypes().filter((known) => known.startsWith('checkout.session.')))
    assert.equal(urgencyOf(type), 'now')
  for (const type of knownTypes().filter((known) => known.startsWith('invoice.')))
    assert.equal(urgencyOf(type), 'batch')
  assert.equal(urgencyOf('customer.subscription.updated'), 'batch')
  assert.equal(urgencyOf('customer.subscription.created'), 'soon')
  assert.equal(urgencyOf('customer.subscription.deleted'), 'soon')
  assert.equal(urgencyOf('brand.new_thing'), 'soon')
})

test('an unknown type is ranked by its verb, and by the middle when that is unknown too', () => {
  assert.equal(rankOf('brand.created'), 0)
  assert.equal(rankOf('v1.invoice.paid'), rankOf('payout.paid'))
  assert.ok(rankOf('brand.reticulated') > rankOf('brand.updated'))
  assert.ok(rankOf('brand.reticulated') < rankOf('brand.succeeded'))
  assert.equal(typeof rankOf('constructor'), 'number')
})

test('labels and families are closed sets', () => {
  assert.equal(labelOf('invoice.paid'), 'invoice.paid')
  assert.equal(familyOf('customer.subscription.updated'), 'customer.subscription')
  for (const odd of ['brand.new', '__proto__', 'constructor', '', 'invoice.paid ']) {
    assert.equal(isKnown(odd), false)
    assert.equal(labelOf(odd), 'other')
    assert.equal(familyOf(odd), 'other')
  }
})
