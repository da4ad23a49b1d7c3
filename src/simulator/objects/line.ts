import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { InvoiceItem } from './invoice-item.ts'
import type { Price } from './price.ts'
import type { Subscription } from './subscription.ts'
import type { Wire } from './wire.ts'

export type Line = Wire<Stripe.InvoiceLineItem>

/** What one line of an invoice says before it has an id: a term of the subscription, or a proration that waited. */
export interface Charged {
  readonly amount: number
  readonly price: Price
  readonly period: { readonly start: number; readonly end: number }
  readonly description: string
  readonly item: InvoiceItem | null
}

export function termOf(of: Subscription, price = of.items.data[0].price): Charged {
  const { current_period_start: start, current_period_end: end } = of.items.data[0]
  return chargedFor(price, { start, end })
}

export function chargedFor(price: Price, period: { readonly start: number; readonly end: number }): Charged {
  const description = `1 × ${price.nickname} (at ${price.unit_amount} ${price.currency} / ${price.recurring.interval})`
  return { amount: price.unit_amount, price, period, description, item: null }
}

export const prorated = (item: InvoiceItem, price: Price): Charged => ({
  amount: item.amount,
  price,
  period: item.period,
  description: item.description ?? '',
  item,
})

/** A discount on a subscription, and by how much of a hundred it lowers each term. */
export interface Rebate {
  readonly discount: string
  readonly percent: number
}

/** What a rebate takes off a line. Prorations were made of lowered prices already. */
export const offOf = ({ amount, item }: Charged, rebate: Rebate | null): number =>
  rebate === null || item !== null ? 0 : Math.round((amount * rebate.percent) / 100)

export interface Place {
  readonly invoice: string | null
  readonly subscription: string
  readonly subscriptionItem: string
  readonly rebate: Rebate | null
}

export function line(world: World, what: Charged, place: Place): Line {
  const rebate = what.item === null ? place.rebate : null
  return {
    id: world.id('il'),
    object: 'line_item',
    amount: what.amount,
    currency: what.price.currency,
    description: what.description,
    discount_amounts: rebate ? [{ amount: offOf(what, rebate), discount: rebate.discount }] : [],
    discountable: what.item === null,
    discounts: rebate ? [rebate.discount] : [],
    invoice: place.invoice,
    livemode: world.livemode,
    metadata: {},
    parent: what.item ? prorationParent(what.item, place) : termParent(place),
    period: { end: what.period.end, start: what.period.start },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: what.price.id, product: what.price.product },
      type: 'price_details',
      unit_amount_decimal: String(what.amount),
    },
    quantity: 1,
    quantity_decimal: '1',
    subscription: place.subscription,
    subtotal: what.amount,
    taxes: [],
  }
}

function termParent(place: Place): Line['parent'] {
  return {
    invoice_item_details: null,
    subscription_item_details: {
      invoice_item: null,
      proration: false,
      proration_details: { credited_items: null },
      subscription: place.subscription,
      subscription_item: place.subscriptionItem,
    },
    type: 'subscription_item_details',
  }
}

function prorationParent(item: InvoiceItem, place: Place): Line['parent'] {
  return {
    invoice_item_details: {
      invoice_item: item.id,
      proration: true,
      proration_details: { credited_items: null },
      subscription: place.subscription,
    },
    subscription_item_details: null,
    type: 'invoice_item_details',
  }
}
