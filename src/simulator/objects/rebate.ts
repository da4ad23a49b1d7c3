import type { Stripe } from 'stripe'
import { monthsAfter, seconds } from '../calendar.ts'
import type { World } from '../world.ts'
import type { Subscription } from './subscription.ts'
import type { Wire } from './wire.ts'

export type Coupon = Wire<Stripe.Coupon> & { readonly id: string; readonly percent_off: number }
export type PromotionCode = Wire<Stripe.PromotionCode> & { readonly id: string; readonly code: string }
export type Discount = Wire<Stripe.Discount> & { readonly id: string }

/** Off one invoice, or off those of three months. */
export function coupon(world: World, duration: 'once' | 'repeating'): Coupon {
  return {
    id: world.text(8),
    object: 'coupon',
    amount_off: null,
    created: world.created(),
    currency: null,
    duration,
    duration_in_months: duration === 'repeating' ? MONTHS : null,
    livemode: world.livemode,
    max_redemptions: null,
    metadata: {},
    name: 'A friendly price',
    percent_off: 20,
    redeem_by: null,
    times_redeemed: 0,
    valid: true,
  }
}

export function promotionCode(world: World, of: Coupon): PromotionCode {
  return {
    id: world.id('promo'),
    object: 'promotion_code',
    active: true,
    code: `FRIENDLY${world.text(6).toUpperCase()}`,
    created: world.created(),
    customer: null,
    customer_account: null,
    expires_at: null,
    livemode: world.livemode,
    max_redemptions: null,
    metadata: {},
    promotion: { coupon: of.id, type: 'coupon' },
    restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
    times_redeemed: 0,
  }
}

const MONTHS = 3

/** A coupon on a subscription. */
export function discount(world: World, of: Coupon, on: Subscription): Discount {
  return {
    id: world.id('di'),
    object: 'discount',
    checkout_session: null,
    customer: on.customer,
    customer_account: null,
    end: of.duration === 'repeating' ? seconds(monthsAfter(world.now(), MONTHS)) : null,
    invoice: null,
    invoice_item: null,
    promotion_code: null,
    source: { coupon: of.id, type: 'coupon' },
    start: world.created(),
    subscription: on.id,
    subscription_item: null,
  }
}
