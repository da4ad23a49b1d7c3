import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Price } from './price.ts'
import type { Subscription } from './subscription.ts'
import type { Wire } from './wire.ts'

export type InvoiceItem = Wire<Stripe.InvoiceItem> & { readonly id: string }

export interface Proration {
  readonly subscription: Subscription
  readonly price: Price
  readonly amount: number
  readonly description: string
}

/** A proration: what is left of the running period is given back for the old price or charged for the new one. */
export function invoiceItem(world: World, what: Proration): InvoiceItem {
  const [item] = what.subscription.items.data
  return {
    id: world.id('ii'),
    object: 'invoiceitem',
    amount: what.amount,
    currency: what.price.currency,
    customer: what.subscription.customer,
    customer_account: null,
    date: world.created(),
    description: what.description,
    discountable: false,
    discounts: [],
    invoice: null,
    livemode: world.livemode,
    metadata: {},
    net_amount: what.amount,
    parent: {
      subscription_details: { subscription: what.subscription.id, subscription_item: item.id },
      type: 'subscription_details',
    },
    period: { end: item.current_period_end, start: world.created() },
    pricing: {
      price_details: { price: what.price.id, product: what.price.product },
      type: 'price_details',
      unit_amount_decimal: String(what.amount),
    },
    proration: true,
    proration_details: { credited_items: null, discount_amounts: [] },
    quantity: 1,
    quantity_decimal: '1',
    tax_rates: [],
    test_clock: null,
  }
}
