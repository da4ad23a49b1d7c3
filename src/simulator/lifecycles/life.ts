import { between, pick } from '../../core/random.ts'
import { DAY, monthsAfter, seconds } from '../calendar.ts'
import { type Customer, customer } from '../objects/customer.ts'
import { paymentMethod } from '../objects/payment-method.ts'
import type { Price } from '../objects/price.ts'
import { subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription, leaving, scheduleCancellation, undoCancellation } from './cancellation.ts'
import { checkout } from './checkout.ts'
import { type Contract, periodOf, subscriptionOf } from './contract.ts'
import { changePlan } from './plan-change.ts'
import { refundLast } from './refund.ts'
import { announceRenewal, monthsOf, renew } from './renewal.ts'

const TRIAL_NOTICE_MS = 3 * DAY
// Long enough for a month; in a yearly period customers think again early, while the papers of the payment are still kept.
const WHIM_MS = 60 * DAY

/** One customer, from the first payment (or from what they had when the simulation began) to the end of the subscription. */
export function* customerLife(world: World, shop: Shop, begin: 'arriving' | 'established'): Lifecycle {
  const contract = begin === 'arriving' ? yield* checkout(world, shop) : establish(world, shop)
  let lives = true
  while (lives) lives = yield* period(world, shop, contract)
}

/** One billing period and the renewal after it, if there is one. */
function* period(world: World, shop: Shop, contract: Contract): Lifecycle<boolean> {
  const trial = subscriptionOf(world, contract).status === 'trialing'
  yield* whim(world, shop, contract, trial)
  if (subscriptionOf(world, contract).status === 'canceled') return false

  if (trial) yield* announceTrialEnd(world, contract)
  else if (!leaving(world, contract)) yield* announceRenewal(world, contract)
  yield periodOf(world, contract).endAt
  if (!leaving(world, contract)) return yield* renew(world, shop, contract)
  endSubscription(world, contract, 'cancellation_requested')
  return false
}

/** What a customer may come up with in the middle of a period. Most do nothing. */
function* whim(world: World, shop: Shop, contract: Contract, trial: boolean): Lifecycle {
  const { changeShare, cancelShare, refundShare } = shop.business
  const roll = world.random()
  if (roll >= changeShare + cancelShare + refundShare) return
  // A day of quiet after the last renewal, and done before the next one is announced.
  const { startAt, endAt } = periodOf(world, contract)
  const fromAt = Math.max(startAt, world.now()) + DAY
  const untilAt = Math.min(endAt - 9 * DAY, startAt + WHIM_MS)
  if (fromAt >= untilAt) return
  yield Math.floor(between(world.random, fromAt, untilAt))

  if (roll < cancelShare) yield* leave(world, contract)
  else if (roll < cancelShare + refundShare) yield* refundLast(world, contract)
  else if (!trial) yield* changePlan(world, shop, contract)
}

function* leave(world: World, contract: Contract): Lifecycle {
  if (chance(world.random, 0.2)) {
    world.byRequest()
    return endSubscription(world, contract, 'cancellation_requested')
  }
  yield* scheduleCancellation(world, contract)
  if (!chance(world.random, 0.2)) return
  yield world.now() + DAY / 2
  undoCancellation(world, contract)
}

function* announceTrialEnd(world: World, contract: Contract): Lifecycle {
  yield periodOf(world, contract).endAt - TRIAL_NOTICE_MS
  world.change(contract.subscription, {}, 'customer.subscription.trial_will_end')
}

/** A customer of old: everything is there and nothing is said about it. */
function establish(world: World, shop: Shop): Contract {
  const price = pick(world.random, shop.prices)
  const endAt = renewalAt(world, shop, price)
  const payer = world.add<Customer>({ ...customer(world), currency: price.currency })
  const card = world.add(paymentMethod(world, payer))
  const held = subscription(world, {
    id: world.id('sub'),
    customer: payer,
    paymentMethod: card,
    price,
    status: 'active',
    periodStart: seconds(monthsAfter(endAt, -monthsOf(price))),
    periodEnd: seconds(endAt),
    latestInvoice: world.id('in'),
    flexible: chance(world.random, 0.5),
  })
  world.add({ ...held, billing_cycle_anchor: seconds(endAt) })
  return { customer: payer.id, paymentMethod: card.id, subscription: held.id, pending: [], charge: null }
}

function renewalAt(world: World, { business }: Shop, price: Price): number {
  if (business.renewalAt !== null) return business.renewalAt
  const now = new Date(world.now())
  if (chance(world.random, business.anchoredShare)) return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)
  const latestAt = monthsAfter(world.now(), monthsOf(price))
  return Math.floor(between(world.random, world.now() + DAY, latestAt) / 1000) * 1000
}
