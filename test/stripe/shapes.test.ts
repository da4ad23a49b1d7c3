import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Facts, type Mode, readEvent, toEnvelope } from '../../src/stripe/shapes.ts'

const whole = {
  id: 'evt_1',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_790_000_000,
  data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1' } as Record<string, unknown> },
  livemode: true,
  pending_webhooks: 1,
  request: null,
  type: 'invoice.paid',
}
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, null, 2))
const read = (value: unknown): Facts => {
  const reading = readEvent(bytes(value))
  assert.ok(reading.ok, JSON.stringify(reading))
  return reading.event
}
const of = (object: Record<string, unknown>, data: object = {}, event: object = {}) =>
  read({ ...whole, ...event, data: { object, ...data } })

test('the facts of an event are what its body says', () => {
  assert.deepEqual(read(whole), {
    id: 'evt_1',
    type: 'invoice.paid',
    createdAt: 1_790_000_000_000,
    livemode: true,
    connected: null,
    apiVersion: '2026-10-28.endive',
    object: 'in_1',
    kind: 'invoice',
    customer: 'cus_1',
  })
  assert.equal(read({ ...whole, account: 'acct_9' }).connected, 'acct_9')
  assert.equal(read({ ...whole, api_version: null }).apiVersion, null)
})

test('the customer is found by id, expanded, and when the object is one', () => {
  assert.equal(of({ id: 'ch_1', object: 'charge', customer: 'cus_2' }).customer, 'cus_2')
  assert.equal(
    of({ id: 'ch_1', object: 'charge', customer: { id: 'cus_3', object: 'customer', email: 'a@b.c' } }).customer,
    'cus_3',
  )
  assert.equal(of({ id: 'cus_4', object: 'customer' }).customer, 'cus_4')
  assert.equal(
    of({ id: 'cus_4', object: 'customer', deleted: true }, {}, { type: 'customer.deleted' }).customer,
    'cus_4',
  )
  assert.equal(
    of({ id: 'sub_1', object: 'subscription', customer: null, customer_account: 'acct_c' }).customer,
    'acct_c',
  )
})

test('old and new API shapes of an invoice give the same facts', () => {
  const old = of({
    id: 'in_1',
    object: 'invoice',
    customer: 'cus_1',
    subscription: 'sub_1',
    charge: 'ch_1',
    payment_intent: 'pi_1',
  })
  const now = of({
    id: 'in_1',
    object: 'invoice',
    customer: 'cus_1',
    parent: { subscription_details: { subscription: 'sub_1' } },
  })
  assert.deepEqual(old, now)
})

test('a payment method that was just detached still belongs to its customer', () => {
  const detached = of(
    { id: 'pm_1', object: 'payment_method', customer: null },
    { previous_attributes: { customer: 'cus_5' } },
  )
  assert.equal(detached.customer, 'cus_5')
})

test('where the body names no customer there is none: refunds, disputes, guests', () => {
  assert.equal(of({ id: 're_1', object: 'refund', charge: 'ch_1', payment_intent: 'pi_1' }).customer, null)
  assert.equal(of({ id: 'dp_1', object: 'dispute', charge: 'ch_1' }).customer, null)
  assert.equal(
    of({ id: 'cs_1', object: 'checkout.session', customer: null, customer_details: { email: 'a@b.c' } }).customer,
    null,
  )
})

test('an object without an id has none, and its lane is the customer or the type', () => {
  const upcoming = of({ object: 'invoice', customer: 'cus_1' }, {}, { type: 'invoice.upcoming' })
  assert.equal(upcoming.object, null)
  assert.equal(lane(upcoming), 'default:cus_1')
  const balance = of({ object: 'balance' }, {}, { type: 'balance.available' })
  assert.equal(balance.object, null)
  assert.equal(lane(balance), 'default:balance.available')
})

const lane = (facts: Facts, account = 'default'): string => envelope(facts, account).lane
const envelope = (facts: Facts, account = 'default', mode: Mode = 'both') =>
  toEnvelope(facts, { body: bytes(whole), account, endpoint: account, via: 'webhook', mode })

test('tenants never share a lane', () => {
  const facts = read(whole)
  const lanes = [
    lane(facts),
    lane(facts, 'eu'),
    lane({ ...facts, livemode: false }),
    lane({ ...facts, connected: 'acct_9' }),
    lane({ ...facts, connected: 'acct_9', livemode: false }),
    lane({ ...facts, connected: 'acct_test' }),
  ]
  assert.deepEqual(lanes, [
    'default:cus_1',
    'eu:cus_1',
    'default/test:cus_1',
    'default/acct_9:cus_1',
    'default/acct_9/test:cus_1',
    'default/acct_test:cus_1',
  ])
  assert.equal(new Set(lanes).size, lanes.length)
})

test('an envelope carries rank, urgency and the untouched bytes', () => {
  const made = envelope(read(whole))
  assert.equal(made.urgency, 'batch')
  assert.ok(made.rank > 0)
  assert.deepEqual(Buffer.from(made.body), bytes(whole))
  assert.deepEqual(made.tenant, { account: 'default', connected: null, livemode: true })
})

test("the other mode's events are recorded, and both are worked without a key", () => {
  const live = read(whole)
  const sandbox = { ...live, livemode: false }
  const as = (facts: Facts, mode: Mode) => envelope(facts, 'default', mode).as
  assert.deepEqual([as(live, 'live'), as(live, 'test'), as(live, 'both')], ['work', 'record', 'work'])
  assert.deepEqual([as(sandbox, 'live'), as(sandbox, 'test'), as(sandbox, 'both')], ['record', 'work', 'work'])
})

const CANARY = 'canary-4711'
const bad: readonly (readonly [what: string, value: unknown])[] = [
  ['null', null],
  ['a number', 4],
  ['a list', [whole]],
  ['another object', { ...whole, object: CANARY }],
  ['a thin event', { id: 'evt_1', object: 'v2.core.event', type: 'v1.invoice.paid', created: '2026-08-10T16:24:41Z' }],
  ['no id', { ...whole, id: undefined }],
  ['an id that is no text', { ...whole, id: { [CANARY]: 1 } }],
  ['an id of 256 characters', { ...whole, id: 'e'.repeat(256) }],
  ['an id with a line break', { ...whole, id: `${CANARY}\nINFO forged` }],
  ['an empty type', { ...whole, type: '' }],
  ['a type of 256 characters', { ...whole, type: 't'.repeat(256) }],
  ['no created', { ...whole, created: undefined }],
  ['created as text', { ...whole, created: CANARY }],
  ['created as a fraction', { ...whole, created: 1.5 }],
  ['created before 1970', { ...whole, created: -1 }],
  ['created beyond every calendar', { ...whole, created: 1e15 }],
  ['livemode as text', { ...whole, livemode: 'true' }],
  ['an account that is none', { ...whole, account: CANARY }],
  ['an account with a slash', { ...whole, account: 'acct_1/test' }],
  ['no data', { ...whole, data: undefined }],
  ['no object in data', { ...whole, data: {} }],
  ['a list as object', { ...whole, data: { object: [] } }],
]
for (const [what, value] of bad) {
  test(`${what} is no event, and the refusal quotes nothing of it`, () => {
    const reading = readEvent(bytes(value))
    assert.ok(!reading.ok)
    assert.equal(reading.code, 'body_not_event')
    assert.ok(!JSON.stringify(reading).includes(CANARY))
  })
}

test('what is not JSON is told as such', () => {
  for (const text of ['', '{', 'id=evt_1', '{"id":"evt_1"}}', '\ufeff{}', '{"id": NaN}']) {
    const reading = readEvent(Buffer.from(text))
    assert.equal(reading.ok ? 'ok' : reading.code, 'body_not_json', text)
  }
})

test('keys named like parts of a prototype change nothing', () => {
  const text = JSON.stringify(whole).replace(
    '"object":{',
    '"object":{"__proto__":{"customer":"cus_evil"},"constructor":1,',
  )
  const reading = readEvent(Buffer.from(text.replace('"customer":"cus_1"', '"note":1')))
  assert.ok(reading.ok)
  assert.equal(reading.event.customer, null)
  assert.equal(({} as Record<string, unknown>)['customer'], undefined)
})

test('nesting as deep as a body can be is read or refused, never a crash', () => {
  const depth = 500_000
  const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
  assert.equal(readEvent(Buffer.from(nested)).ok, false)
  const inside = JSON.stringify(whole).replace('"customer":"cus_1"', `"metadata":${nested}`)
  assert.equal(readEvent(Buffer.from(inside)).ok, true)
})

test('any JSON at all is read or refused', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => typeof readEvent(bytes(value)).ok === 'boolean'))
  const odd = fc.record(
    { ...Object.fromEntries(Object.keys(whole).map((key) => [key, fc.jsonValue()])) },
    { requiredKeys: [] },
  )
  fc.assert(fc.property(odd, (value) => readEvent(bytes({ ...whole, ...value })).ok !== undefined))
})

test('a view into a larger buffer is read as the view', () => {
  const text = bytes(whole)
  const larger = Buffer.concat([Buffer.from('xx'), text, Buffer.from('yy')])
  const reading = readEvent(new Uint8Array(larger.buffer, larger.byteOffset + 2, text.length))
  assert.ok(reading.ok)
})
