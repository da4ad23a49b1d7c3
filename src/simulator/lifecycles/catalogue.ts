import { pick } from '../../core/random.ts'
import { HOUR } from '../calendar.ts'
import { type Offer, type Plan, type Price, type Product, planOf, price, product } from '../objects/price.ts'
import { type Coupon, coupon, type PromotionCode, promotionCode } from '../objects/rebate.ts'
import type { Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'

/** The merchant changes something about what is sold. Who subscribed earlier keeps what they have. */
export function news(world: World, shop: Shop): Lifecycle {
  return pick(world.random, [rename, newPrice, campaign, trialBalloon])(world, shop)
}

// biome-ignore lint/correctness/useYield: one of several changes, of which the others wait.
function* rename(world: World, { prices }: Shop): Lifecycle {
  world.byRequest()
  const sold = world.get<Product>(pick(world.random, prices).product)
  const changed = { description: `Now in its edition ${world.text(4)}`, updated: world.created() }
  world.change<Product>(sold.id, changed, 'product.updated')
}

/** Prices cannot be changed, only replaced: the old one is set aside. */
// biome-ignore lint/correctness/useYield: one of several changes, of which the others wait.
function* newPrice(world: World, { prices }: Shop): Lifecycle {
  world.byRequest()
  const place = Math.floor(world.random() * prices.length)
  const before = prices[place] as Price
  const amount = Math.round(before.unit_amount * 1.1)
  const { currency, nickname: name } = before
  const interval = before.recurring.interval as Offer['interval']
  prices[place] = addPrice(world, { name, amount, currency, interval }, world.get(before.product))
  const set_aside = world.change<Price>(before.id, { active: false }, 'price.updated')
  tellPlan(world, set_aside, 'plan.updated', { active: true })
}

/** A coupon with a code for everybody, over after a day. */
function* campaign(world: World, _shop: Shop): Lifecycle {
  world.byRequest()
  const given = world.add(coupon(world, 'once'), 'coupon.created')
  const code = world.add(promotionCode(world, given), 'promotion_code.created')
  yield world.now() + HOUR
  world.byRequest()
  world.change<Coupon>(given.id, { name: 'A very friendly price' }, 'coupon.updated')
  yield world.now() + 23 * HOUR
  world.byRequest()
  world.change<PromotionCode>(code.id, { active: false }, 'promotion_code.updated')
  world.remove(given.id, 'coupon.deleted')
  world.retire(code.id)
}

/** Something new that nobody buys, and that is gone within hours. */
function* trialBalloon(world: World, _shop: Shop): Lifecycle {
  world.byRequest()
  const offer = { name: 'Balloon', amount: 99_900, currency: 'usd', interval: 'month' } as const
  const made = world.add(product(world, offer), 'product.created')
  const { id } = addPrice(world, offer, made)
  yield world.now() + 5 * HOUR
  world.byRequest()
  tellPlan(world, world.remove<Price>(id, 'price.deleted'), 'plan.deleted', null)
  world.remove(made.id, 'product.deleted')
}

function addPrice(world: World, offer: Offer, of: Product): Price {
  const made = world.add(price(world, offer, of), 'price.created')
  tellPlan(world, made, 'plan.created', null)
  return made
}

/** Each price that recurs is told a second time, as the plan it would have been once. It is kept under its one id, as a price. */
function tellPlan(world: World, of: Price, type: string, before: Partial<Plan> | null): void {
  const plan = planOf(of)
  world.tell(plan, type, before && { ...plan, ...before })
}
