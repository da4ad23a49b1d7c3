import type { Stripe } from 'stripe'
import { seconds } from '../calendar.ts'
import type { World } from '../world.ts'
import type { Price } from './price.ts'
import type { Subscription } from './subscription.ts'
import type { Wire } from './wire.ts'

export type Schedule = Wire<Stripe.SubscriptionSchedule> & { readonly id: string; readonly phases: Phase[] }
type Phase = Wire<Stripe.SubscriptionSchedule.Phase>

/** Made from a subscription: one phase, which is the running period. What comes after it is added later. */
export function schedule(world: World, of: Subscription): Schedule {
  const [{ current_period_start: start, current_period_end: end, price }] = of.items.data
  return {
    id: world.id('sub_sched'),
    object: 'subscription_schedule',
    application: null,
    billing_mode: of.billing_mode,
    canceled_at: null,
    completed_at: null,
    created: world.created(),
    current_phase: { end_date: end, start_date: start },
    customer: of.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      billing_cycle_anchor: 'automatic',
      billing_thresholds: null,
      collection_method: 'charge_automatically',
      default_payment_method: null,
      description: null,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: 'self' },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: 'release',
    livemode: world.livemode,
    metadata: {},
    pause_schedules: [],
    phases: [phase(price, start, end)],
    released_at: null,
    released_subscription: null,
    status: 'active',
    subscription: of.id,
    test_clock: null,
  }
}

/** One period of `price`, from where the last phase ends until `endAt`. */
export function phasesWith({ phases }: Schedule, price: Price, endAt: number): Phase[] {
  const last = phases.at(-1) as Phase
  return [...phases, phase(price, last.end_date, seconds(endAt))]
}

function phase(price: Price, start: number, end: number): Phase {
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    currency: price.currency,
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    end_date: end,
    invoice_settings: null,
    items: [
      {
        billing_thresholds: null,
        discounts: [],
        metadata: {},
        plan: price.id,
        price: price.id,
        quantity: 1,
        tax_rates: [],
      },
    ],
    metadata: {},
    on_behalf_of: null,
    proration_behavior: 'none',
    start_date: start,
    transfer_data: null,
    trial_end: null,
  }
}
