import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import Stripe from 'stripe'
import { open, plain } from './open.ts'

const shop = await open(1)
after(shop.close)
const { stripe } = shop

const wish: Stripe.WebhookEndpointCreateParams = {
  url: 'https://example.com/stripe',
  enabled_events: ['invoice.paid', 'customer.subscription.updated'],
  api_version: '2026-10-28.endive',
  description: 'from a test',
  metadata: { owner: 'tests', 7: 'seven' },
}

test('an endpoint lives: created with a secret that is told once, listed, changed, disabled, deleted', async () => {
  const made = await stripe.webhookEndpoints.create(wish)
  const { secret, ...shown } = made
  assert.match(String(secret), /^whsec_\w{32}$/)
  assert.match(made.id, /^we_/)
  assert.deepEqual([made.status, made.livemode, made.metadata], ['enabled', false, { owner: 'tests', 7: 'seven' }])

  assert.deepEqual(plain(await stripe.webhookEndpoints.retrieve(made.id)), plain(shown))
  const listed = await stripe.webhookEndpoints.list()
  assert.deepEqual(listed.data.map(({ id }) => id)[0], made.id)
  assert.equal(listed.data.length, 2)

  const changed = await stripe.webhookEndpoints.update(made.id, {
    disabled: true,
    enabled_events: ['*'],
    url: 'https://example.com/other',
    metadata: { owner: '', team: 'billing' },
  })
  const expected = { status: 'disabled', enabled_events: ['*'], url: 'https://example.com/other' }
  assert.deepEqual(plain(changed), { ...plain(shown), ...expected, metadata: { team: 'billing', 7: 'seven' } })
  assert.equal((await stripe.webhookEndpoints.update(made.id, { disabled: false })).status, 'enabled')

  assert.deepEqual(plain(await stripe.webhookEndpoints.del(made.id)), {
    ...{ id: made.id, object: 'webhook_endpoint', deleted: true },
  })
  await assert.rejects(stripe.webhookEndpoints.retrieve(made.id), { code: 'resource_missing', statusCode: 404 })
  assert.equal((await stripe.webhookEndpoints.list()).data.length, 1)
})

test('what is no endpoint is refused by name', async () => {
  const asked: [object, string][] = [
    [{ ...wish, url: 'example.com' }, 'url'],
    [{ ...wish, url: undefined }, 'url'],
    [{ ...wish, enabled_events: ['invoice.payed'] }, 'enabled_events[0]'],
    [{ ...wish, enabled_events: undefined }, 'enabled_events'],
    [{ ...wish, api_version: 'latest' }, 'api_version'],
    [{ ...wish, disabled: true }, 'disabled'],
    [{ ...wish, colour: 'red' }, 'colour'],
  ]
  for (const [params, param] of asked) {
    const created = stripe.webhookEndpoints.create(params as Stripe.WebhookEndpointCreateParams)
    await assert.rejects(created, (error: unknown) => {
      assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError)
      return error.param === param
    })
  }
})

test('an account has sixteen endpoints at most', async () => {
  const made = []
  for (let n = 1; n < 16; n++) made.push(await stripe.webhookEndpoints.create(wish))
  await assert.rejects(stripe.webhookEndpoints.create(wish), /maximum of 16 test webhook endpoints/)
  for (const { id } of made) await stripe.webhookEndpoints.del(id)
})

test('the same idempotency key gives the same answer, and no second endpoint', async () => {
  const options = { idempotencyKey: 'key-1' }
  const first = await stripe.webhookEndpoints.create(wish, options)
  const again = await stripe.webhookEndpoints.create(wish, options)

  assert.deepEqual(plain(again), plain(first))
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true')
  assert.equal(again.lastResponse.headers['original-request'], first.lastResponse.requestId)
  assert.notEqual(again.lastResponse.requestId, first.lastResponse.requestId)
  assert.equal((await stripe.webhookEndpoints.list()).data.length, 2)
  await stripe.webhookEndpoints.del(first.id)
})

test('the same key with other parameters is an error, and a refused request does not use it up', async () => {
  const refused = { idempotencyKey: 'key-2' }
  await assert.rejects(stripe.webhookEndpoints.create({ ...wish, url: 'nowhere' }, refused), { code: 'url_invalid' })
  const { id } = await stripe.webhookEndpoints.create(wish, refused)

  await assert.rejects(stripe.webhookEndpoints.create({ ...wish, description: 'other' }, refused), (error: unknown) => {
    assert.ok(error instanceof Stripe.errors.StripeIdempotencyError)
    return error.statusCode === 400
  })
  await stripe.webhookEndpoints.del(id)
})

test('a key is free again after a day', async () => {
  const options = { idempotencyKey: 'key-3' }
  const first = await stripe.webhookEndpoints.create(wish, options)
  await shop.clock.advance(86_400_001)
  const second = await stripe.webhookEndpoints.create({ ...wish, description: 'other' }, options)

  assert.notEqual(first.id, second.id)
})
