import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Wire } from './wire.ts'

export type Product = Wire<Stripe.Product> & { readonly id: string }
export type Price = Wire<Stripe.Price> & {
  readonly id: string
  readonly product: string
  readonly unit_amount: number
  readonly nickname: string
  readonly recurring: Wire<Stripe.Price.Recurring>
}
export type Plan = Wire<Stripe.Plan>

/** What the merchant sells: an amount in minor units of the currency, each month or each year. */
export interface Offer {
  readonly name: string
  readonly amount: number
  readonly currency: string
  readonly interval: 'month' | 'year'
}

export const defaultOffers: readonly Offer[] = [
  { name: 'Starter', amount: 900, currency: 'usd', interval: 'month' },
  { name: 'Team', amount: 2900, currency: 'usd', interval: 'month' },
  { name: 'Business', amount: 9900, currency: 'usd', interval: 'month' },
  { name: 'Team, yearly', amount: 29_000, currency: 'usd', interval: 'year' },
  { name: 'Café', amount: 1250, currency: 'eur', interval: 'month' },
  { name: 'Équipe', amount: 3990, currency: 'eur', interval: 'month' },
  { name: 'ちいさな会社', amount: 1200, currency: 'jpy', interval: 'month' },
]

export function product(world: World, offer: Offer): Product {
  return {
    id: world.id('prod'),
    object: 'product',
    active: true,
    created: world.created(),
    default_price: null,
    description: null,
    images: [],
    livemode: world.livemode,
    marketing_features: [],
    metadata: {},
    name: offer.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: world.created(),
    url: null,
  }
}

export function price(world: World, offer: Offer, of: Product): Price {
  return {
    id: world.id('price'),
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: world.created(),
    currency: offer.currency,
    custom_unit_amount: null,
    livemode: world.livemode,
    lookup_key: null,
    metadata: {},
    nickname: offer.name,
    product: of.id,
    recurring: {
      interval: offer.interval,
      interval_count: 1,
      meter: null,
      trial_period_days: null,
      usage_type: 'licensed',
    },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'recurring',
    unit_amount: offer.amount,
    unit_amount_decimal: String(offer.amount),
  }
}

/** The older face of a price, which subscriptions and their items still carry. */
export function planOf(of: Price): Plan {
  return {
    id: of.id,
    object: 'plan',
    active: of.active,
    amount: of.unit_amount,
    amount_decimal: of.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: of.created,
    currency: of.currency,
    interval: of.recurring.interval,
    interval_count: of.recurring.interval_count,
    livemode: of.livemode,
    metadata: {},
    meter: null,
    nickname: of.nickname,
    product: of.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  }
}
