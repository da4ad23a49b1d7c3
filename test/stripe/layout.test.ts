import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readLayout } from '../../src/stripe/layout.ts'
import { type Facts, readEvent } from '../../src/stripe/shapes.ts'

const whole = {
  id: 'evt_1',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_790_000_000,
  data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1', lines: { data: [{ customer: 'cus_9' }] } } },
  livemode: true,
  pending_webhooks: 1,
  request: { id: 'req_1', idempotency_key: null },
  type: 'invoice.paid',
}
type Value = Record<string, unknown>
const laidOut = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, null, 2))
const withObject = (object: Value, data: Value = {}) => ({ ...whole, data: { object, ...data } })

/** What the whole parser makes of it: without its line breaks no body has Stripe's layout. */
function parsed(value: unknown): Facts {
  const reading = readEvent(Buffer.from(JSON.stringify(value)))
  assert.ok(reading.ok)
  return reading.event
}

function read(value: unknown): Facts | null {
  const laid = readLayout(laidOut(value))
  if (laid === null) return null
  const { created, account, ...facts } = laid
  return { ...facts, createdAt: created * 1_000, connected: account }
}

test('a body in the layout of Stripe is read without being parsed', () => {
  assert.deepEqual(read(whole), parsed(whole))
  assert.notEqual(readLayout(Buffer.concat([laidOut(whole), Buffer.from('\n')])), null)
  const { id, object, ...rest } = whole
  const connected = { id, object, account: 'acct_9', ...rest }
  assert.equal(read(connected)?.connected, 'acct_9')
  assert.deepEqual(read(connected), parsed(connected))
})

test('a customer that is not plain to see is left to the parser', () => {
  const odd = [
    withObject(
      { id: 'pm_1', object: 'payment_method', customer: null },
      { previous_attributes: { customer: 'cus_7' } },
    ),
    withObject({ id: 'pm_1', object: 'payment_method' }, { previous_attributes: { customer: 'cus_7' } }),
    withObject({ id: 'in_1', object: 'invoice', customer: { id: 'cus_1', object: 'customer' } }),
    withObject({ id: 'in_1', object: 'invoice', customer_account: 'acct_1' }),
    withObject({ id: 'ch_1', object: 'charge', nested: { customer: 'cus_1' } }),
    withObject({ object: 'balance', customer: 'cus_1' }),
  ]
  for (const value of odd) assert.equal(read(value), null, JSON.stringify(value))
})

test('whatever is laid out otherwise, torn or followed by more is left to the parser', () => {
  const body = laidOut(whole)
  const others = [
    Buffer.from(JSON.stringify(whole)),
    Buffer.from(JSON.stringify(whole, null, 4)),
    body.subarray(0, -2),
    body.subarray(1),
    Buffer.concat([body, Buffer.from('}')]),
    laidOut({ ...whole, id: 'evt\\1' }),
    laidOut({ ...whole, type: 'a b' }),
    laidOut({ ...whole, api_version: null }),
    laidOut({ ...whole, created: -1 }),
    laidOut({ ...whole, more: 1 }),
  ]
  for (const other of others) assert.equal(readLayout(other), null, other.toString())
})

test('what is read is what the parser reads, whatever the event holds', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('\n  "type": "x"', '\n    }\n  },\n  "livemode": true,', '"', '\\', 'ü€😀'),
  )
  const id = fc.stringMatching(/^[a-z]{2,4}_[A-Za-z0-9]{1,30}$/)
  const json = fc.jsonValue({ maxDepth: 3 })
  const word = fc.oneof({ weight: 4, arbitrary: id }, { weight: 1, arbitrary: text })
  const expanded = fc.record({ id, object: fc.constant('customer') })
  const customer = fc.oneof({ weight: 4, arbitrary: id }, fc.constant(null), expanded)
  const object = fc
    .tuple(
      fc.oneof({ weight: 4, arbitrary: fc.record({ id, object: word }) }, fc.record({ id })),
      fc.dictionary(text, json),
      fc.option(customer, { freq: 4 }),
    )
    .map(([named, more, whose]) => ({ ...named, ...more, ...named, ...(whose !== null && { customer: whose }) }))
  const event = fc.record({
    id,
    object: fc.constant('event'),
    api_version: fc.oneof({ weight: 4, arbitrary: id }, fc.constant(null)),
    created: fc.nat(),
    data: fc.record({ object, previous_attributes: fc.dictionary(text, json) }, { requiredKeys: ['object'] }),
    livemode: fc.boolean(),
    pending_webhooks: fc.nat(),
    request: fc.oneof(fc.constant(null), fc.record({ id: fc.option(word), idempotency_key: fc.option(word) })),
    type: id,
  })
  let many = 0
  fc.assert(
    fc.property(event, (value) => {
      const facts = read(value)
      if (facts === null) return
      many++
      assert.deepEqual(facts, parsed(value))
    }),
    { numRuns: 2_000, seed: 4242 },
  )
  assert.ok(many > 200, `only ${many} of 2,000 were in the layout`)
})
