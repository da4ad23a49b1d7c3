import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY } from '../../src/simulator/calendar.ts'
import type { SimulatedEvent } from '../../src/simulator/event.ts'
import { createEveryType } from '../../src/simulator/every-type.ts'
import { createMerchant } from '../../src/simulator/merchant.ts'
import { PRE_BASIL } from '../../src/simulator/pre-basil.ts'
import type { ApiShape } from '../../src/simulator/shape.ts'
import { readEvent } from '../../src/stripe/shapes.ts'
import { type Fields, objectOf, previousOf } from './reading.ts'

const startAt = Date.UTC(2026, 10, 24, 9, 30)
const business = {
  customers: 40,
  growthPerDay: 2,
  trialShare: 0.3,
  failureShare: 0.3,
  changeShare: 0.2,
  refundShare: 0.1,
  rebateShare: 0.2,
  companyShare: 0.2,
  incompleteFirst: true,
}
const lived = (apiVersion: ApiShape) =>
  createMerchant({ seed: 21, startAt, business, apiVersion }).advance(startAt + 90 * DAY)
const old = lived('pre-basil')
const named = (type: string) => old.filter((event) => event.type === type)

test('both shapes tell one story: the same events under the same ids, but for those that came with basil', () => {
  const story = (events: readonly SimulatedEvent[]) => events.map(({ id, type, object, at }) => [id, type, object, at])
  const known = lived('current').filter(({ type }) => type !== 'invoice_payment.paid')

  assert.deepEqual(story(old), story(known))
  for (const event of old) {
    const read = readEvent(event.body)
    assert.ok(read.ok && read.event.apiVersion === PRE_BASIL && read.event.customer === event.customer)
  }
})

test('a subscription names its period, and its items do not', () => {
  for (const event of named('customer.subscription.updated')) {
    const { current_period_start, current_period_end, items, billing_mode } = objectOf(event)
    assert.ok(current_period_end > current_period_start)
    assert.equal('current_period_end' in items.data[0], false)
    assert.equal(billing_mode, undefined)
  }
})

test('a renewal tells the period before, at the top', () => {
  const renewals = named('customer.subscription.updated').filter((event) => previousOf(event)['latest_invoice'])

  assert.ok(renewals.length > 20)
  for (const event of renewals) {
    const { current_period_end, current_period_start } = previousOf(event)
    assert.ok(current_period_start < current_period_end)
    assert.equal('items' in previousOf(event) && 'current_period_end' in previousOf(event)['items'].data[0], false)
  }
})

test('a paid invoice names its subscription, payment and charge, which name it in turn', () => {
  const charges = new Map(named('charge.succeeded').map((event) => [event.object, objectOf(event)]))
  const intents = new Map(named('payment_intent.created').map((event) => [event.object, objectOf(event)]))
  const paid = named('invoice.paid').filter((event) => objectOf(event)['amount_paid'] > 0)

  assert.ok(paid.length > 30)
  for (const event of paid) {
    const invoice = objectOf(event)
    assert.match(invoice['subscription'], /^sub_/)
    assert.deepEqual([invoice['paid'], invoice['parent']], [true, undefined])
    assert.equal(charges.get(invoice['charge'])!['invoice'], event.object)
    assert.equal(intents.get(invoice['payment_intent'])!['invoice'], event.object)
  }
})

test('a line has its price whole and says what it is; an invoice item, too', () => {
  const lines = named('invoice.created').flatMap((event) => objectOf(event)['lines'].data)

  assert.deepEqual(new Set(lines.map(({ type }: Fields) => type)), new Set(['subscription', 'invoiceitem']))
  for (const { price, plan, pricing, proration, type } of lines) {
    assert.deepEqual([price.object, plan.object, plan.amount, pricing], ['price', 'plan', price.unit_amount, undefined])
    assert.equal(proration, type === 'invoiceitem')
  }
  for (const event of named('invoiceitem.created')) assert.equal(objectOf(event)['price'].object, 'price')
})

test('a discount holds its coupon, and the subscription and invoice their discount, whole', () => {
  const [given] = named('customer.discount.created')
  const lowered = named('invoice.paid')
    .map(objectOf)
    .filter(({ subtotal, total }) => total < subtotal)

  assert.equal(objectOf(given!)['coupon'].object, 'coupon')
  assert.ok(lowered.length > 3)
  for (const { discount, discounts } of lowered) {
    assert.ok(discount.coupon.percent_off >= 20)
    assert.deepEqual(discounts, [discount.id])
  }
})

test('what an update says was before is what was told of the object before it', () => {
  const last = new Map<string | null, Fields>()
  let compared = 0
  for (const event of old.filter((one) => one.object?.startsWith('in_') || one.object?.startsWith('sub_1'))) {
    const now = objectOf(event)
    const before = last.get(event.object)
    last.set(event.object, now)
    const told = previousOf(event)
    if (!told || !before || before === now) continue
    for (const key of Object.keys(told)) {
      if (typeof told[key] !== 'object' || told[key] === null) assert.deepEqual(told[key], before[key] ?? null, key)
    }
    compared++
  }
  assert.ok(compared > 100)
})

test('of the types that there were, every one can be sent in the old shape', () => {
  const events = createEveryType({ seed: 3, startAt, apiVersion: 'pre-basil' }).advance(startAt)

  assert.equal(events.length, 274)
  for (const event of events) assert.equal(event.json['api_version'], PRE_BASIL, event.type)
})
