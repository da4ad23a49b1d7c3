import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import Stripe from 'stripe'
import { simulatedEvent } from '../../../src/simulator/event.ts'
import { punctual } from '../../../src/simulator/faults.ts'
import { client, open } from './open.ts'

const shop = await open(2)
after(shop.close)
const { stripe, served, merchant, nowAt } = shop
const { errors } = Stripe

type Class = new (...args: never[]) => Stripe.errors.StripeError

async function refused(
  asked: () => PromiseLike<unknown>,
  kind: Class,
  expected: object,
): Promise<Stripe.errors.StripeError> {
  const error = await Promise.resolve(asked()).then(
    () => assert.fail('it was answered'),
    (failed: unknown) => failed,
  )
  assert.ok(error instanceof kind, String(error))
  const { statusCode, code, param } = error
  assert.deepEqual({ statusCode, code, param, ...expected }, { statusCode, code, param })
  assert.match(String(error.requestId), /^req_/)
  return error
}

const raw = (path: string) => () => stripe.rawRequest('GET', path)

test('without a key, or with one that is no secret key of this mode, nobody is let in', async () => {
  const bare = await fetch(`${shop.url}/v1/events`)
  assert.equal(bare.status, 401)
  assert.match(JSON.stringify(await bare.json()), /You did not provide an API key/)

  for (const key of ['pk_test_public', 'sk_live_other_mode', 'nonsense']) {
    const { message } = await refused(() => client(shop.url, key).events.list(), errors.StripeAuthenticationError, {
      statusCode: 401,
    })
    assert.match(message, /^Invalid API Key provided: /)
    assert.ok(!message.includes(key) || key.length < 12)
  }
  assert.equal((await client(shop.url, 'rk_test_restricted').customers.list({ limit: 1 })).data.length, 1)
})

test('where one key is set, no other opens', async () => {
  const strict = await open(1, { key: 'sk_test_the_one' })
  try {
    await refused(() => strict.stripe.customers.list(), errors.StripeAuthenticationError, { statusCode: 401 })
    assert.equal((await client(strict.url, 'sk_test_the_one').customers.list({ limit: 1 })).data.length, 1)
  } finally {
    await strict.close()
  }
})

test('what does not exist is missing, under the name that Stripe gives it', async () => {
  const gone = { statusCode: 404, code: 'resource_missing', param: 'id' }
  const asked: [string, () => PromiseLike<unknown>][] = [
    ['No such customer: ', () => stripe.customers.retrieve('cus_nobody')],
    ['No such PaymentMethod: ', () => stripe.paymentMethods.retrieve('pm_none')],
    ['No such event: ', () => stripe.events.retrieve('evt_none')],
    ['No such dispute: ', () => stripe.disputes.retrieve('dp_none')],
    ['No such payout: ', () => stripe.payouts.retrieve('po_none')],
    ['No such invoice: ', () => stripe.invoices.listLineItems('in_none')],
    ['No such webhook endpoint: ', () => stripe.webhookEndpoints.update('we_none', { disabled: true })],
    // It is there, but it is something else.
    ['No such charge: ', () => stripe.charges.retrieve(String([...merchant.objects.keys()][0]))],
  ]
  for (const [words, ask] of asked) {
    const error = await refused(ask, errors.StripeInvalidRequestError, gone)
    assert.ok(error.message.startsWith(words), error.message)
    assert.equal(error.doc_url, 'https://stripe.com/docs/error-codes/resource-missing')
  }
})

test('parameters that cannot be meant are refused by name', async () => {
  const asked: [string, { code?: string | undefined; param?: string | undefined }][] = [
    ['/v1/events?limit=0', { code: 'parameter_invalid_integer', param: 'limit' }],
    ['/v1/events?limit=101', { code: 'parameter_invalid_integer', param: 'limit' }],
    ['/v1/events?limit=ten', { code: 'parameter_invalid_integer', param: 'limit' }],
    ['/v1/events?colour=red', { code: 'parameter_unknown', param: 'colour' }],
    ['/v1/events?created[ge]=1', { code: 'parameter_unknown', param: 'created[ge]' }],
    ['/v1/events?created[gte]=monday', { code: 'parameter_invalid_integer', param: 'created[gte]' }],
    ['/v1/events?delivery_success=maybe', { param: 'delivery_success' }],
    ['/v1/events?type=a&types[]=b', { code: 'parameters_exclusive' }],
    ['/v1/events?starting_after=evt_1&ending_before=evt_2', { code: 'parameters_exclusive' }],
    ['/v1/events?starting_after=evt_none', { code: 'resource_missing', param: 'starting_after' }],
    [`/v1/events?${Array.from({ length: 21 }, (_, n) => `types[]=t${n}`).join('&')}`, { param: 'types' }],
    ['/v1/subscriptions?status=happy', { param: 'status' }],
    ['/v1/charges?customer=cus_nobody', { code: 'resource_missing', param: 'customer' }],
    ['/v1/subscription_items', { code: 'parameter_missing', param: 'subscription' }],
    ['/v1/account?colour=red', { code: 'parameter_unknown', param: 'colour' }],
    ['/v1/customers?expand[]=customer', {}],
    ['/v1/subscriptions?expand[]=data.items.data.price.product', { code: 'property_expansion_max_depth' }],
  ]
  for (const [path, expected] of asked) {
    await refused(raw(path), errors.StripeInvalidRequestError, { statusCode: 400, ...expected })
  }
})

test('what is not served says so', async () => {
  const unknown = { statusCode: 404, code: undefined }
  for (const path of ['/v1/nothing', '/v1/events/', '/v1/customers/search?query=x', '/v2/core/events', '/']) {
    const { message } = await refused(raw(path), errors.StripeInvalidRequestError, unknown)
    assert.match(message, /^Unrecognized request URL \(GET: /)
  }
  const { message } = await refused(() => stripe.customers.create({}), errors.StripeInvalidRequestError, unknown)
  assert.match(message, /only webhook endpoints can be changed here/)
})

test('a deleted customer is shown as deleted and is in no list', async () => {
  const customer = String([...merchant.objects.values()].find(({ object }) => object === 'customer')?.id)
  const object = merchant.objects.get(customer) as { id: string; object: string }
  const happened = { type: 'customer.deleted', at: nowAt, previous: null, request: null, livemode: false }
  served.onPlan(punctual([simulatedEvent({ id: 'evt_deletes', object, ...happened })]))

  assert.deepEqual(JSON.parse(JSON.stringify(await stripe.customers.retrieve(customer))), {
    ...{ id: customer, object: 'customer', deleted: true },
  })
  const listed = await stripe.customers.list({ limit: 100 }).autoPagingToArray({ limit: 1000 })
  assert.ok(listed.length > 0 && listed.every(({ id }) => id !== customer))
})

test('an account that is not connected cannot be asked', async () => {
  await refused(() => stripe.events.list({}, { stripeAccount: 'acct_1Nobody' }), errors.StripePermissionError, {
    ...{ statusCode: 403, code: 'account_invalid' },
  })
  const connected = { id: 'acct_1Connected', object: 'account', created: 1 }
  served.onChange({ account: 'acct_1HookkeeperSim01', at: nowAt, told: 0, id: connected.id, object: connected })

  assert.deepEqual((await stripe.events.list({}, { stripeAccount: connected.id })).data, [])
  assert.equal((await stripe.accounts.retrieveCurrent({}, { stripeAccount: connected.id })).id, connected.id)
  assert.deepEqual(
    (await stripe.accounts.list()).data.map(({ id }) => id),
    [connected.id],
  )
})

test('more requests in a second than allowed are answered with 429 until the second is over', async () => {
  const busy = await open(1, { ratePerSecond: 3 })
  try {
    for (let asked = 0; asked < 3; asked++) await busy.stripe.customers.list({ limit: 1 })
    const error = await refused(() => busy.stripe.customers.list(), errors.StripeRateLimitError, {
      ...{ statusCode: 429, code: 'rate_limit' },
    })
    assert.equal(error.headers?.['stripe-rate-limited-reason'], 'global-rate')
    assert.equal(error.headers?.['stripe-should-retry'], 'false')

    await busy.clock.advance(1000)
    assert.equal((await busy.stripe.customers.list({ limit: 1 })).data.length, 1)
  } finally {
    await busy.close()
  }
})

test('answers carry the request, the version and the account that was asked', async () => {
  const { lastResponse } = await stripe.balance.retrieve(
    {},
    { apiVersion: '2024-06-20', stripeAccount: 'acct_1HookkeeperSim01' },
  )

  assert.match(lastResponse.requestId, /^req_/)
  assert.equal(lastResponse.apiVersion, '2024-06-20')
  assert.equal(lastResponse.stripeAccount, 'acct_1HookkeeperSim01')
})

test('a port that is taken is refused in a sentence', async () => {
  const port = Number(new URL(shop.url).port)

  await assert.rejects(open(1, { port }), { code: 'port_taken', message: new RegExp(`Port ${port} is taken`) })
})
