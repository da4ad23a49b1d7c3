import { type Price, planOf } from '../objects/price.ts'
import type { Subscription } from '../objects/subscription.ts'
import { asJson } from '../objects/wire.ts'
import { EVENTS } from './event-list.ts'
import type { Fields } from './fields.ts'
import {
  among,
  equal,
  type Filter,
  type Filters,
  flagged,
  inside,
  linked,
  linkedAt,
  oneOf,
  ranged,
  rangedBy,
  where,
} from './filters.ts'
import type { Kind } from './kind.ts'
import { text } from './params.ts'
import { noSuch } from './refusal.ts'
import type { Shelf } from './shelf.ts'

const created = ranged('created')
const ofCustomer = { ...linked('customer'), ...equal('customer_account') }
const ofPayment = linked('charge', 'payment_intent')

const kind = (name: string, path: string, ...filters: Filters[]): Kind => ({
  name,
  path,
  filters: Object.assign({}, ...filters),
})

/** Every kind with a list and a retrieval of the common form. One of which the merchant has none is an empty list. */
export const KINDS: readonly Kind[] = [
  // One's own is no entry of the list, though it can be retrieved.
  {
    ...kind('account', 'accounts', created),
    usually: { shown: ({ id }, { account }) => id !== account },
  },
  kind('application_fee', 'application_fees', created, linked('charge')),
  kind('balance_transaction', 'balance_transactions', created, linked('payout', 'source'), equal('currency', 'type')),
  kind('charge', 'charges', created, ofCustomer, linked('payment_intent'), equal('transfer_group')),
  kind('checkout.session', 'checkout/sessions', created, ofCustomer, {
    ...linked('payment_intent', 'payment_link', 'subscription'),
    status: oneOf('status', 'open', 'complete', 'expired'),
  }),
  kind('coupon', 'coupons', created),
  kind('credit_note', 'credit_notes', created, ofCustomer, linked('invoice')),
  kind('customer', 'customers', created, equal('email', 'test_clock')),
  kind('dispute', 'disputes', created, ofPayment),
  EVENTS,
  kind('invoice', 'invoices', ranged('created', 'due_date'), ofCustomer, equal('collection_method'), {
    status: oneOf('status', 'draft', 'open', 'paid', 'uncollectible', 'void'),
    subscription: linkedAt('parent.subscription_details.subscription', 'subscription'),
  }),
  kind('invoice_payment', 'invoice_payments', created, linked('invoice'), {
    payment: inside('payment', 'type', 'payment_intent', 'payment_record'),
    status: oneOf('status', 'open', 'paid', 'canceled'),
  }),
  kind('invoiceitem', 'invoiceitems', ofCustomer, linked('invoice'), {
    created: rangedBy(({ date }) => date),
    pending: where(({ invoice }) => invoice === null),
  }),
  kind('payment_intent', 'payment_intents', created, ofCustomer),
  kind('payment_link', 'payment_links', flagged('active')),
  kind('payment_method', 'payment_methods', ofCustomer, equal('allow_redisplay', 'type')),
  kind('payout', 'payouts', ranged('arrival_date', 'created'), equal('destination', 'status')),
  { ...kind('plan', 'plans', created, flagged('active'), linked('product')), within: plansOf },
  kind('price', 'prices', created, flagged('active'), linked('product'), equal('currency', 'type'), {
    lookup_keys: among('lookup_key'),
    recurring: inside('recurring', 'interval', 'meter', 'usage_type'),
  }),
  kind('product', 'products', created, flagged('active', 'shippable'), equal('type', 'url'), { ids: among('id') }),
  kind('promotion_code', 'promotion_codes', created, ofCustomer, flagged('active'), equal('code', 'coupon')),
  kind('quote', 'quotes', ofCustomer, equal('test_clock'), {
    status: oneOf('status', 'draft', 'open', 'accepted', 'canceled'),
  }),
  kind('radar.early_fraud_warning', 'radar/early_fraud_warnings', created, ofPayment),
  kind('refund', 'refunds', created, ofPayment),
  kind('review', 'reviews', created),
  kind('setup_intent', 'setup_intents', created, ofCustomer, linked('payment_method'), flagged('attach_to_self')),
  {
    ...kind('subscription', 'subscriptions', created, ofCustomer, equal('collection_method', 'test_clock'), {
      automatic_tax: inside('automatic_tax', 'enabled'),
      current_period_end: rangedBy((subscription) => inPeriod(subscription, 'current_period_end')),
      current_period_start: rangedBy((subscription) => inPeriod(subscription, 'current_period_start')),
      plan: priced,
      price: priced,
      status: inState,
    }),
    usually: { unless: 'status', shown: ({ status }) => status !== 'canceled' },
  },
  {
    ...kind('subscription_item', 'subscription_items', linked('subscription')),
    needs: 'subscription',
    within: (shelf) => shelf.all('subscription').flatMap(itemsOf),
  },
  kind('subscription_schedule', 'subscription_schedules', ofCustomer, {
    ...ranged('canceled_at', 'completed_at', 'created', 'released_at'),
    scheduled: where(({ status }) => status === 'not_started'),
  }),
  kind('tax_id', 'tax_ids', { owner: inside('owner', 'type', 'customer', 'customer_account', 'account') }),
  kind('tax_rate', 'tax_rates', created, flagged('active', 'inclusive')),
  kind('topup', 'topups', ranged('amount', 'created'), {
    status: oneOf('status', 'canceled', 'failed', 'pending', 'succeeded'),
  }),
  kind('transfer', 'transfers', created, equal('destination', 'transfer_group')),
]

/** What is read below its owner: `/v1/<owner>/:id/<path>` and `.../:inner`. */
export interface Nested {
  readonly owner: string
  readonly path: string
  readonly name: string
  /** The field that names the owner. */
  readonly link: string
  readonly filters: Filters
}

export const NESTED: readonly Nested[] = [
  { owner: 'account', path: 'capabilities', name: 'capability', link: 'account', filters: {} },
  { owner: 'account', path: 'external_accounts', name: 'bank_account', link: 'account', filters: equal('object') },
  { owner: 'account', path: 'persons', name: 'person', link: 'account', filters: {} },
  { owner: 'application_fee', path: 'refunds', name: 'fee_refund', link: 'fee', filters: {} },
  { owner: 'charge', path: 'refunds', name: 'refund', link: 'charge', filters: {} },
  { owner: 'customer', path: 'payment_methods', name: 'payment_method', link: 'customer', filters: equal('type') },
  { owner: 'customer', path: 'tax_ids', name: 'tax_id', link: 'customer', filters: {} },
]

function plansOf(shelf: Shelf): Fields[] {
  return shelf.all('price').map((price) => asJson(planOf(price as unknown as Price)))
}

function itemsOf(subscription: Fields): Fields[] {
  return (subscription as unknown as Subscription).items.data.map(asJson)
}

// Before 2025-03-31.basil the subscription itself had the period.
const inPeriod = (subscription: Fields, field: string) => subscription[field] ?? itemsOf(subscription)[0]?.[field]

function priced(...[given, param, { shelf }]: Parameters<Filter>): ReturnType<Filter> {
  const id = text(given, param)
  if (!shelf.find(id)) throw noSuch(param, id, param)
  return (subscription) => (subscription as unknown as Subscription).items.data.some(({ price }) => price.id === id)
}

function inState(...[given, param, place]: Parameters<Filter>): ReturnType<Filter> {
  if (given === 'all') return () => true
  if (given === 'ended') return ({ status }) => status === 'canceled' || status === 'incomplete_expired'
  return oneOf('status', ...STATES)(given, param, place)
}

const STATES = ['active', 'canceled', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing', 'unpaid']
