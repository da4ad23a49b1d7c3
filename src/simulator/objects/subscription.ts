import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Customer } from './customer.ts'
import type { PaymentMethod } from './payment-method.ts'
import { type Plan, type Price, planOf } from './price.ts'
import type { Wire } from './wire.ts'

export type SubscriptionItem = Wire<Stripe.SubscriptionItem> & { readonly price: Price }
export type Subscription = Wire<Stripe.Subscription> & {
  readonly id: string
  readonly customer: string
  readonly items: { readonly data: [SubscriptionItem] }
  readonly cancellation_details: Wire<Stripe.Subscription.CancellationDetails>
  // Stripe sends these two where there is one item, though its types do not name them.
  readonly plan: Plan
  readonly quantity: number
  readonly default_payment_method: string | null
  readonly discounts: string[]
}

export interface Terms {
  readonly id: string
  readonly customer: Customer
  readonly paymentMethod: PaymentMethod | null
  readonly price: Price
  readonly status: 'active' | 'incomplete' | 'trialing'
  readonly periodStart: number
  readonly periodEnd: number
  readonly latestInvoice: string
  /** The billing mode: new subscriptions are flexible, old ones classic. */
  readonly flexible: boolean
  /** Set where invoices are sent: within how many days they are to be paid. Otherwise the card is charged. */
  readonly daysUntilDue?: number
}

export function subscription(world: World, terms: Terms): Subscription {
  const trial = terms.status === 'trialing'
  return {
    id: terms.id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: trial ? terms.periodEnd : terms.periodStart,
    billing_cycle_anchor_config: null,
    billing_mode: terms.flexible
      ? { flexible: { proration_discounts: 'included' }, type: 'flexible' }
      : { flexible: null, type: 'classic' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: terms.daysUntilDue === undefined ? 'charge_automatically' : 'send_invoice',
    created: terms.periodStart,
    currency: terms.price.currency,
    customer: terms.customer.id,
    customer_account: null,
    days_until_due: terms.daysUntilDue ?? null,
    default_payment_method: terms.paymentMethod?.id ?? null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: {
      object: 'list',
      data: [subscriptionItem(world, terms)],
      has_more: false,
      // Sent by Stripe in snapshots, though its types do not name it.
      ...{ total_count: 1 },
      url: `/v1/subscription_items?subscription=${terms.id}`,
    },
    latest_invoice: terms.latestInvoice,
    livemode: world.livemode,
    managed_payments: { enabled: false },
    metadata: {},
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    plan: planOf(terms.price),
    quantity: 1,
    schedule: null,
    start_date: terms.periodStart,
    status: terms.status,
    test_clock: null,
    transfer_data: null,
    trial_end: trial ? terms.periodEnd : null,
    trial_settings: {
      end_behavior: {
        billing_cycle_anchor: null,
        missing_payment_method: terms.paymentMethod ? 'create_invoice' : 'pause',
      },
    },
    trial_start: trial ? terms.periodStart : null,
  }
}

function subscriptionItem(world: World, terms: Terms): SubscriptionItem {
  return {
    id: world.id('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: terms.periodStart,
    current_period_end: terms.periodEnd,
    current_period_start: terms.periodStart,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(terms.price),
    price: terms.price,
    quantity: 1,
    subscription: terms.id,
    tax_rates: [],
  }
}

/** The items of `of`, moved to another period or another price. */
export function itemsWith(
  of: Subscription,
  change: { readonly periodStart?: number; readonly periodEnd?: number; readonly price?: Price },
): Subscription['items'] {
  const [item] = of.items.data
  const price = change.price ?? item.price
  const moved = {
    ...item,
    current_period_end: change.periodEnd ?? item.current_period_end,
    current_period_start: change.periodStart ?? item.current_period_start,
    plan: planOf(price),
    price,
  }
  return { ...of.items, data: [moved] }
}
