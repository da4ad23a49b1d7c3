import { pick } from '../../core/random.ts'
import { HOUR } from '../calendar.ts'
import type { Rebate } from '../objects/line.ts'
import { type Coupon, coupon, type Discount, discount } from '../objects/rebate.ts'
import type { Subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, subscriptionOf } from './contract.ts'

/** A customer who might leave gets something off the next invoices. */
export function* grantRebate(world: World, _shop: Shop, contract: Contract): Lifecycle {
  const subscription = subscriptionOf(world, contract)
  if (subscription.discounts.length > 0) return
  world.byRequest()
  const given = world.add(coupon(world, pick(world.random, ['once', 'repeating'] as const)), 'coupon.created')
  const held = world.add(discount(world, given, subscription), 'customer.discount.created')
  world.change<Coupon>(given.id, { times_redeemed: 1 }, 'coupon.updated')
  world.change<Subscription>(subscription.id, { discounts: [held.id] }, 'customer.subscription.updated')
  if (!chance(world.random, 0.3)) return

  // A better one, an hour later: the discount stays and its coupon changes.
  yield world.now() + HOUR
  world.byRequest()
  const better = world.add({ ...coupon(world, 'repeating'), percent_off: 30 }, 'coupon.created')
  const source = { coupon: better.id, type: 'coupon' as const }
  const { end } = discount(world, better, subscription)
  world.change<Discount>(held.id, { end, source }, 'customer.discount.updated')
  world.change<Coupon>(better.id, { times_redeemed: 1 }, 'coupon.updated')
}

export function rebateOf(world: World, { discounts: [held] }: Subscription): Rebate | null {
  if (held === undefined) return null
  const { percent_off } = couponOf(world, held)
  return { discount: held, percent: percent_off }
}

/** Off one invoice, a discount is gone when that invoice is finalised; off many, when its time is over. */
export function endRebate(world: World, contract: Contract): void {
  const [held] = subscriptionOf(world, contract).discounts
  if (held === undefined) return
  const { end } = world.get<Discount>(held)
  const { duration } = couponOf(world, held)
  if (duration !== 'once' && (end ?? 0) > world.created()) return
  // Invoices still name it.
  world.tell(world.get(held), 'customer.discount.deleted')
  world.retire(held)
  world.change<Subscription>(contract.subscription, { discounts: [] }, 'customer.subscription.updated')
}

const couponOf = (world: World, held: string): Coupon =>
  world.get<Coupon>(String(world.get<Discount>(held).source.coupon))
