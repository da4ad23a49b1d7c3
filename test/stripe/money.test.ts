import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moneyOf, spelled } from '../../src/stripe/money.ts'

const event = (object: unknown) => Buffer.from(JSON.stringify({ data: { object } }))

test('an amount is found where each kind of object keeps it', () => {
  const invoice = { object: 'invoice', total: 1_200, amount_due: 0, currency: 'eur' }
  assert.deepEqual(moneyOf(event(invoice)), { currency: 'eur', minor: 1_200 })
  const session = { object: 'checkout.session', amount_total: 500, amount: 9, currency: 'jpy' }
  assert.deepEqual(moneyOf(event(session)), { currency: 'jpy', minor: 500 })
  assert.deepEqual(moneyOf(event({ object: 'refund', amount: 0, currency: 'usd' })), { currency: 'usd', minor: 0 })
})

test('what is about no amount, or cannot be read, is about none', () => {
  const session = { object: 'checkout.session', amount_total: null, currency: 'eur' }
  for (const object of [
    { object: 'customer', currency: 'eur' },
    session,
    { object: 'charge', amount: 5 },
    null,
    'in_1',
  ])
    assert.equal(moneyOf(event(object)), null)
  const hostile = { object: 'charge', amount: 5, currency: '\u001b[2J' }
  assert.equal(moneyOf(event(hostile)), null)
  assert.equal(moneyOf(Buffer.from('no json')), null)
})

test('amounts are spelled with the digits that Stripe gives their currency', () => {
  assert.equal(spelled({ currency: 'eur', minor: 123_450 }), 'EUR 1,234.50')
  assert.equal(spelled({ currency: 'jpy', minor: 5_000 }), 'JPY 5,000')
  assert.equal(spelled({ currency: 'kwd', minor: 1_234 }), 'KWD 1.234')
  assert.equal(spelled({ currency: 'usd', minor: -5 }), 'USD -0.05')
})
