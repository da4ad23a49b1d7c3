import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { makeEvent } from '../../src/simulator/trigger.ts'
import { isNamed, kindOf } from '../../src/stripe/kinds.ts'
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

test('what happens to a seller on Connect names their account', () => {
  assert.match(makeEvent('account.updated', seeded(5), at).account ?? '', /^acct_/)
  assert.equal(makeEvent('payout.reconciliation_completed', seeded(5), at).account, null)
})

test('a type that no lifecycle makes is a sample, and says what its type says', () => {
  const failed = makeEvent('treasury.outbound_payment.failed', seeded(6), at)
  const updated = makeEvent('tax_rate.updated', seeded(7), at)

  assert.equal(objectOf(failed)['status'], 'failed')
  assert.ok(failed.customer)
  assert.deepEqual(previousOf(updated), { metadata: { revision: '1' } })
  assert.deepEqual(objectOf(updated)['metadata'], { revision: '2' })
})

test('a type that the merchant never makes is told of an object that it has', () => {
  const overpaid = makeEvent('invoice.overpaid', seeded(8), at)

  assert.equal(objectOf(overpaid)['amount_overpaid'], 100)
  assert.ok(objectOf(overpaid)['lines'].data.length > 0)
})

test('a type that nobody knows has an object named after it', () => {
  const event = makeEvent('brand_new.thing.created', seeded(9), at)

  assert.equal(objectOf(event)['object'], 'brand_new.thing')
  assert.match(event.object ?? '', /^thing_1/)
})

test('an object without an id has none here either', () => {
  for (const type of ['balance.available', 'tax.settings.updated', 'invoice.upcoming', 'billing.alert.triggered']) {
    assert.equal(isNamed(type), false)
    assert.equal(makeEvent(type, seeded(10), at).object, null, type)
  }
  assert.equal(kindOf('billing.alert.triggered'), 'billing.alert_triggered')
})
