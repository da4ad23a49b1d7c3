import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type Stripe from 'stripe'
import { type Price, planOf } from '../../../src/simulator/objects/price.ts'
import type { Fields } from '../reading.ts'
import { open, plain } from './open.ts'

const shop = await open(62)
after(shop.close)
const { stripe, merchant } = shop
const kept = ([...merchant.objects.values()] as Fields[]).filter(({ id }) => !shop.connected.has(id))
const all = (kind: string): Fields[] => kept.filter(({ object }) => object === kind)
const one = (kind: string): Fields => all(kind).at(-1) as Fields
const sorted = (objects: readonly { id?: string }[]) => objects.map(({ id }) => String(id)).sort()

const RETRIEVE: Readonly<Record<string, (id: string, object: Fields) => Promise<unknown>>> = {
  account: (id) => stripe.accounts.retrieve(id),
  application_fee: (id) => stripe.applicationFees.retrieve(id),
  balance_transaction: (id) => stripe.balanceTransactions.retrieve(id),
  bank_account: (id, { account }) => stripe.accounts.retrieveExternalAccount(account, id),
  capability: (id, { account }) => stripe.accounts.retrieveCapability(account, id),
  charge: (id) => stripe.charges.retrieve(id),
  'checkout.session': (id) => stripe.checkout.sessions.retrieve(id),
  coupon: (id) => stripe.coupons.retrieve(id),
  credit_note: (id) => stripe.creditNotes.retrieve(id),
  customer: (id) => stripe.customers.retrieve(id),
  dispute: (id) => stripe.disputes.retrieve(id),
  fee_refund: (id, { fee }) => stripe.applicationFees.retrieveRefund(fee, id),
  invoice: (id) => stripe.invoices.retrieve(id),
  invoice_payment: (id) => stripe.invoicePayments.retrieve(id),
  invoiceitem: (id) => stripe.invoiceItems.retrieve(id),
  mandate: (id) => stripe.mandates.retrieve(id),
  payment_intent: (id) => stripe.paymentIntents.retrieve(id),
  payment_method: (id) => stripe.paymentMethods.retrieve(id),
  payout: (id) => stripe.payouts.retrieve(id),
  person: (id, { account }) => stripe.accounts.retrievePerson(account, id),
  price: (id) => stripe.prices.retrieve(id),
  product: (id) => stripe.products.retrieve(id),
  promotion_code: (id) => stripe.promotionCodes.retrieve(id),
  quote: (id) => stripe.quotes.retrieve(id),
  'radar.early_fraud_warning': (id) => stripe.radar.earlyFraudWarnings.retrieve(id),
  refund: (id) => stripe.refunds.retrieve(id),
  review: (id) => stripe.reviews.retrieve(id),
  setup_intent: (id) => stripe.setupIntents.retrieve(id),
  subscription: (id) => stripe.subscriptions.retrieve(id),
  subscription_schedule: (id) => stripe.subscriptionSchedules.retrieve(id),
  tax_id: (id) => stripe.taxIds.retrieve(id),
  tax_rate: (id) => stripe.taxRates.retrieve(id),
  transfer: (id) => stripe.transfers.retrieve(id),
}
// Stripe has no address for one of these.
const PARTS = ['application', 'discount', 'line_item']

test('each kind of object that the merchant has is retrieved as it is', async () => {
  const kinds = [...new Set(kept.map(({ object }) => String(object)))].filter((kind) => !PARTS.includes(kind))

  assert.ok(kinds.length > 10)
  for (const kind of kinds) {
    const object = one(kind)
    assert.ok(RETRIEVE[kind], `nobody retrieves a ${kind}`)
    assert.deepEqual(plain(await RETRIEVE[kind](object['id'], object)), plain(object))
  }
})

test('each kind of object that the merchant has not is missing by the name that was asked for', async () => {
  for (const [kind, retrieve] of Object.entries(RETRIEVE)) {
    if (all(kind).length > 0) continue
    const below = { account: 'acct_1Nobody', fee: 'fee_none' }
    await assert.rejects(retrieve('none_1', { ...below }), { code: 'resource_missing', statusCode: 404 }, kind)
  }
})

const LIST: Readonly<Record<string, (params: Stripe.PaginationParams) => AsyncIterable<{ id: string }>>> = {
  charge: (params) => stripe.charges.list(params),
  'checkout.session': (params) => stripe.checkout.sessions.list(params),
  customer: (params) => stripe.customers.list(params),
  invoice: (params) => stripe.invoices.list(params),
  invoice_payment: (params) => stripe.invoicePayments.list(params),
  invoiceitem: (params) => stripe.invoiceItems.list(params),
  payment_intent: (params) => stripe.paymentIntents.list(params),
  payment_method: (params) => stripe.paymentMethods.list(params),
  price: (params) => stripe.prices.list(params),
  product: (params) => stripe.products.list(params),
  refund: (params) => stripe.refunds.list(params),
  setup_intent: (params) => stripe.setupIntents.list(params),
  subscription: (params) => stripe.subscriptions.list({ ...params, status: 'all' }),
}

test('each kind is listed whole, newest first', async () => {
  for (const [kind, list] of Object.entries(LIST)) {
    const found = []
    for await (const object of list({ limit: 40 })) found.push(object as unknown as Fields)
    const times = found.map(({ created, date }) => Number(created ?? date))

    assert.deepEqual(sorted(found), sorted(all(kind)), kind)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
      kind,
    )
  }
})

async function idsOf(list: AsyncIterable<{ id: string }>): Promise<string[]> {
  const found = []
  for await (const object of list) found.push(object)
  return sorted(found)
}

test('lists are filtered by what Stripe filters them by', async () => {
  const refund = one('refund')
  const customer = refund['customer']
  const charge = merchant.objects.get(refund['charge']) as Fields
  const link = all('invoice_payment').find(({ payment }) => payment.payment_intent === charge['payment_intent'])
  const invoice = merchant.objects.get(link?.['invoice']) as Fields
  const subscription = invoice['parent'].subscription_details.subscription
  const inAWeek = Math.floor(shop.nowAt / 1000) + 7 * 86_400
  const of = (kind: string, wanted: (object: Fields) => boolean) => sorted(all(kind).filter(wanted))
  const priceOf = (held: Fields) => held['items'].data[0].price.id
  const price = priceOf(one('subscription'))

  const asked: [string, () => AsyncIterable<{ id: string }>, string[]][] = [
    ['charges of a customer', () => stripe.charges.list({ customer }), of('charge', (o) => o['customer'] === customer)],
    [
      'charges of a payment',
      () => stripe.charges.list({ payment_intent: charge['payment_intent'] }),
      of('charge', (o) => o['payment_intent'] === charge['payment_intent']),
    ],
    [
      'refunds of a charge',
      () => stripe.refunds.list({ charge: charge['id'] }),
      of('refund', (o) => o['charge'] === charge['id']),
    ],
    [
      'invoices of a subscription that are paid',
      () => stripe.invoices.list({ subscription, status: 'paid' }),
      of('invoice', (o) => o['parent'].subscription_details.subscription === subscription && o['status'] === 'paid'),
    ],
    [
      'payments of an invoice',
      () => stripe.invoicePayments.list({ invoice: invoice['id'] }),
      of('invoice_payment', (o) => o['invoice'] === invoice['id']),
    ],
    [
      'invoices by payment',
      () =>
        stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: charge['payment_intent'] } }),
      of('invoice_payment', (o) => o['payment'].payment_intent === charge['payment_intent']),
    ],
    [
      'items that wait',
      () => stripe.invoiceItems.list({ pending: true }),
      of('invoiceitem', (o) => o['invoice'] === null),
    ],
    ['subscriptions', () => stripe.subscriptions.list(), of('subscription', (o) => o['status'] !== 'canceled')],
    [
      'ended ones',
      () => stripe.subscriptions.list({ status: 'ended' }),
      of('subscription', (o) => o['status'] === 'canceled'),
    ],
    [
      'trials',
      () => stripe.subscriptions.list({ status: 'trialing' }),
      of('subscription', (o) => o['status'] === 'trialing'),
    ],
    [
      'subscriptions to a price',
      () => stripe.subscriptions.list({ price, status: 'all' }),
      of('subscription', (o) => priceOf(o) === price),
    ],
    [
      'subscriptions that renew in a week',
      () => stripe.subscriptions.list({ current_period_end: { lt: inAWeek } }),
      of('subscription', (o) => o['status'] !== 'canceled' && o['items'].data[0].current_period_end < inAWeek),
    ],
    [
      'monthly prices',
      () => stripe.prices.list({ recurring: { interval: 'month' } }),
      of('price', (o) => o['recurring'].interval === 'month'),
    ],
    [
      'a customer by address',
      () => stripe.customers.list({ email: one('customer')['email'] }),
      [one('customer')['id']],
    ],
    [
      'cards of a customer',
      () => stripe.customers.listPaymentMethods(customer, { type: 'card' }),
      of('payment_method', (o) => o['customer'] === customer),
    ],
  ]
  for (const [what, list, expected] of asked) {
    assert.ok(expected.length > 0, what)
    assert.deepEqual(await idsOf(list()), expected, what)
  }
})

test('what lives inside of other objects is read like the rest', async () => {
  const subscription = one('subscription')
  const [item] = subscription['items'].data
  const invoice = all('invoice').find(({ lines }) => lines.data.length > 1) as Fields
  const price = one('price') as unknown as Price

  assert.deepEqual(plain(await stripe.subscriptionItems.retrieve(item.id)), plain(item))
  assert.deepEqual(await idsOf(stripe.subscriptionItems.list({ subscription: subscription['id'] })), [item.id])
  const lines = await stripe.invoices.listLineItems(invoice['id'], { limit: 1 }).autoPagingToArray({ limit: 100 })
  assert.deepEqual(plain(lines), plain(invoice['lines'].data))
  assert.deepEqual(plain(await stripe.plans.retrieve(price.id)), plain(planOf(price)))
})

test('ids are expanded where it is asked for, in one object and in lists', async () => {
  const {
    id,
    customer,
    latest_invoice: latest,
  } = all('subscription').find((held) => merchant.objects.has(held['latest_invoice'])) as Fields
  const expand = ['customer', 'latest_invoice.payments', 'items.data.price.product']
  const opened = plain(await stripe.subscriptions.retrieve(id, { expand }))
  const listed = plain(await stripe.subscriptions.list({ customer, status: 'all', expand: ['data.customer'] }))

  assert.deepEqual(opened.customer, plain(merchant.objects.get(customer)))
  assert.equal(opened.latest_invoice.id, latest)
  assert.ok(opened.latest_invoice.payments.data.every(({ invoice }: Fields) => invoice === latest))
  assert.equal(opened.items.data[0].price.product.object, 'product')
  assert.equal(listed.data[0].customer.object, 'customer')
})

test('the account, its balance and its first endpoint are there', async () => {
  const account = await stripe.accounts.retrieveCurrent()

  assert.deepEqual(plain(await stripe.accounts.retrieve(account.id)), plain(account))
  assert.deepEqual((await stripe.accounts.list()).data, [])
  assert.equal((await stripe.balance.retrieve()).object, 'balance')
  const [endpoint] = (await stripe.webhookEndpoints.list()).data
  assert.deepEqual(
    [endpoint?.url, endpoint?.enabled_events, endpoint?.secret],
    ['http://127.0.0.1:4242/webhooks/stripe', ['*'], undefined],
  )
})

test('a kind of which the merchant has none is an empty list', async (t) => {
  const young = await open(0)
  t.after(young.close)
  const lists = [
    () => young.stripe.disputes.list(),
    () => young.stripe.payouts.list(),
    () => young.stripe.balanceTransactions.list(),
    () => young.stripe.creditNotes.list(),
    () => young.stripe.radar.earlyFraudWarnings.list(),
    () => young.stripe.subscriptionSchedules.list(),
  ]
  for (const list of lists) assert.deepEqual((await list()).data, [])
})
