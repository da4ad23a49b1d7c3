import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEvent } from '../../src/stripe/shapes.ts'
import { verifySignature } from '../../src/stripe/signature.ts'
import { fixture } from '../../src/testing.ts'

test('a fixture of a type that the merchant makes is whole, and says what was asked for', () => {
  const event = fixture('invoice.paid', { customer: 'cus_1', amount_paid: 4900, metadata: { order: '7' } })

  assert.equal(event.type, 'invoice.paid')
  assert.equal(event.data.object.object, 'invoice')
  assert.equal(event.data.object.customer, 'cus_1')
  assert.equal(event.data.object.amount_paid, 4900)
  assert.equal(event.data.object.metadata?.['order'], '7')
  assert.ok(event.data.object.lines.data.length > 0)
})

test('changes go as deep as they are given, lists are replaced, and the event around takes its own', () => {
  const changes = { customer_details: { email: 'ada@example.com' }, payment_method_types: ['card', 'sepa_debit'] }
  const event = fixture('checkout.session.completed', changes, {
    livemode: true,
    account: 'acct_9',
    created: 1_800_000_000,
  })

  assert.equal(event.data.object.customer_details?.email, 'ada@example.com')
  assert.notEqual(event.data.object.customer_details?.name, undefined)
  assert.deepEqual(event.data.object.payment_method_types, ['card', 'sepa_debit'])
  assert.deepEqual([event.livemode, event.account, event.created], [true, 'acct_9', 1_800_000_000])
})

test('each fixture is another event of another object, a second later, in forms that Stripe has', () => {
  const events = Array.from({ length: 20 }, () => fixture('charge.succeeded'))

  assert.equal(new Set(events.map(({ id }) => id)).size, 20)
  assert.equal(new Set(events.map(({ data }) => data.object.id)).size, 20)
  for (const [n, event] of events.entries()) {
    assert.match(event.id, /^evt_1\w{20,}$/)
    assert.match(event.data.object.id, /^ch_3\w{20,}$/)
    assert.equal(event.created, events[0]!.created + n)
  }
})

test('of a type that nobody knows a fixture is an event all the same', () => {
  const event = fixture('moon.landed', { crew: 3 } as never)

  const reading = readEvent(fixture.body(event))

  assert.ok(reading.ok)
  assert.equal(reading.event.type, 'moon.landed')
  assert.equal((event.data.object as unknown as { crew: number }).crew, 3)
})

test('what is signed is verified', () => {
  const event = fixture('invoice.paid')
  const [body, secret] = [fixture.body(event), 'whsec_fixture']

  const header = fixture.signed(event, { secret })

  const now = event.created * 1_000
  assert.deepEqual(verifySignature({ body, header, secrets: [{ endpoint: 'default', secret }], now }), {
    ok: true,
    endpoint: 'default',
  })
})
