import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { createMerchant } from '../../src/simulator/merchant.ts'
import { BUSY, LIVED_MS, MERCHANT_TYPES, makeEvent, NAMELESS } from '../../src/simulator/trigger.ts'
import { isKnown, knownTypes } from '../../src/stripe/catalog.ts'
import { objectOf, previousOf } from './reading.ts'

const at = Date.UTC(2026, 10, 24, 12)

test('a type that the merchant makes comes with a whole object of the right kind', () => {
  const paid = makeEvent('invoice.paid', seeded(1), at)
  const updated = makeEvent('customer.subscription.updated', seeded(2), at)

  assert.deepEqual([paid.type, paid.at, paid.created], ['invoice.paid', at, at / 1000])
  assert.equal(objectOf(paid)['status'], 'paid')
  assert.equal(objectOf(paid)['lines'].data[0].invoice, paid.object)
  assert.match(paid.id, /^evt_1[0-9A-Za-z]{20,}$/)
  assert.ok(previousOf(updated))
  assert.equal(objectOf(updated)['object'], 'subscription')
})

test('what its object tells of is at most some days old', () => {
  const { created } = objectOf(makeEvent('charge.succeeded', seeded(3), at))

  assert.ok(created * 1000 <= at && created * 1000 > at - 5 * 86_400_000)
})

test('two triggers make two events', () => {
  const random = seeded(4)

  assert.notEqual(makeEvent('charge.failed', random, at).id, makeEvent('charge.failed', random, at).id)
})

test('the types of the merchant are all that a busy one makes', () => {
  const events = createMerchant({ seed: 6, startAt: at, business: BUSY }).advance(at + LIVED_MS)

  assert.deepEqual(new Set(events.map(({ type }) => type)), new Set(MERCHANT_TYPES))
  for (const type of MERCHANT_TYPES) assert.ok(isKnown(type), type)
})

test('every other known type has an object with a kind, and an id where Stripe gives one', () => {
  for (const type of knownTypes()) {
    if (MERCHANT_TYPES.has(type)) continue
    const event = makeEvent(type, seeded(5), at)
    assert.ok(objectOf(event)['object'], type)
    assert.equal(event.object === null, NAMELESS.has(type), type)
    if (event.object !== null) assert.match(event.object, /^[a-z_]+_[0-9A-Za-z]+$/, type)
  }
})

test('kinds whose type is named otherwise have the right name', () => {
  const kind = (type: string) => objectOf(makeEvent(type, seeded(5), at))['object']

  assert.equal(kind('charge.dispute.created'), 'dispute')
  assert.equal(kind('issuing_authorization.request'), 'issuing.authorization')
  assert.equal(kind('radar.early_fraud_warning.created'), 'radar.early_fraud_warning')
  assert.equal(kind('account.application.authorized'), 'application')
})
