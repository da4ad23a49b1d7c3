import type { Stripe } from 'stripe'
import { DAY, seconds } from '../calendar.ts'
import type { World } from '../world.ts'
import type { Customer } from './customer.ts'
import type { Price } from './price.ts'
import type { Wire } from './wire.ts'

export type Quote = Wire<Stripe.Quote> & {
  readonly id: string
  readonly status_transitions: Wire<Stripe.Quote.StatusTransitions>
}

const OPEN_MS = 30 * DAY
const NOTHING_OFF = { amount_discount: 0, amount_shipping: 0, amount_tax: 0 }

/** An offer to a company: a subscription that it is sent invoices for. */
export function quote(world: World, to: Customer, price: Price, daysUntilDue: number): Quote {
  const amounts = { amount_subtotal: price.unit_amount, amount_total: price.unit_amount, total_details: NOTHING_OFF }
  return {
    id: world.id('qt'),
    object: 'quote',
    ...amounts,
    application: null,
    application_fee_amount: null,
    application_fee_percent: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    collection_method: 'send_invoice',
    computed: {
      recurring: { ...amounts, interval: price.recurring.interval, interval_count: 1 },
      upfront: amounts,
    },
    created: world.created(),
    currency: price.currency,
    customer: to.id,
    customer_account: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    expires_at: seconds(world.now() + OPEN_MS),
    footer: null,
    from_quote: null,
    header: null,
    invoice: null,
    invoice_settings: {
      custom_fields: null,
      days_until_due: daysUntilDue,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    livemode: world.livemode,
    metadata: {},
    number: null,
    on_behalf_of: null,
    status: 'draft',
    status_transitions: { accepted_at: null, canceled_at: null, finalized_at: null },
    subscription: null,
    subscription_data: {
      billing_mode: { type: 'flexible' },
      description: null,
      effective_date: null,
      metadata: {},
      trial_period_days: null,
    },
    subscription_schedule: null,
    test_clock: null,
    transfer_data: null,
  }
}
