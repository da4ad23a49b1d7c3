import { between, pick } from '../../core/random.ts'
import { DAY, monthsAfter, seconds } from '../calendar.ts'
import { type Customer, customer } from '../objects/customer.ts'
import { paymentMethod } from '../objects/payment-method.ts'
import type { Price } from '../objects/price.ts'
import { subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription, leaving, scheduleCancellation, undoCancellation } from './cancellation.ts'
import { abandonedCheckout, checkout } from './checkout.ts'
import { quoted } from './company.ts'
import { type Contract, contractOf, periodOf, subscriptionOf } from './contract.ts'
import { changeDetails, forgetCustomer } from './details.ts'
import { disputeLast } from './dispute.ts'
import { planDowngrade } from './downgrade.ts'
import { pauseCollection, pausedTrial, standUnpaid } from './pause.ts'
import { changePlan } from './plan-change.ts'
import { grantRebate } from './rebate.ts'
import { refundLast } from './refund.ts'
import { announceRenewal, monthsOf, renew } from './renewal.ts'

const TRIAL_NOTICE_MS = 3 * DAY
// Long enough for a month; in a yearly period customers think again early, while the papers of the payment are still kept.
const WHIM_MS = 60 * DAY

/** Somebody new comes: most buy, some only look, and companies want a quote. */
export function arrival(world: World, shop: Shop): Lifecycle {
  const { abandonedShare, companyShare } = shop.business
  const roll = world.random()
  if (roll < abandonedShare) return abandonedCheckout(world, shop)
  return customerLife(world, shop, roll < abandonedShare + companyShare ? 'company' : 'arriving')
}

/** One customer, from the first payment (or from what they had when the simulation began) to the end of the subscription. */
export function* customerLife(world: World, shop: Shop, begin: keyof typeof BEGINNINGS): Lifecycle {
  const contract = yield* BEGINNINGS[begin](world, shop)
  if (contract === null) return
  let lives = subscriptionOf(world, contract).status !== 'canceled'
  while (lives) lives = yield* period(world, shop, contract)
  if (chance(world.random, shop.business.deletedShare)) yield* forgetCustomer(world, contract)
  const { customer, paymentMethod, subscription } = contract
  world.retire(customer, subscription, ...(paymentMethod ? [paymentMethod] : []))
}

const BEGINNINGS = {
  arriving: checkout,
  company: quoted,
  // biome-ignore lint/correctness/useYield: a customer of old does not wait for anything.
  *established(world: World, shop: Shop): Lifecycle<Contract> {
    return establish(world, shop)
  },
} satisfies Record<string, (world: World, shop: Shop) => Lifecycle<Contract | null>>

/** One billing period and the renewal after it, if there is one. */
function* period(world: World, shop: Shop, contract: Contract): Lifecycle<boolean> {
  const { status } = subscriptionOf(world, contract)
  if (status === 'unpaid' && !(yield* standUnpaid(world, shop, contract))) return false
  const trial = status === 'trialing'
  yield* whim(world, shop, contract, trial)
  if (subscriptionOf(world, contract).status === 'canceled') return false

  if (trial) yield* announceTrialEnd(world, contract)
  else if (!leaving(world, contract)) yield* announceRenewal(world, contract)
  yield periodOf(world, contract).endAt
  if (leaving(world, contract)) {
    endSubscription(world, contract, 'cancellation_requested')
    return false
  }
  if (trial && contract.paymentMethod === null && !(yield* pausedTrial(world, contract))) return false
  return yield* renew(world, shop, contract)
}

type Whim = (world: World, shop: Shop, contract: Contract) => Lifecycle

/** What a customer may come up with in the middle of a period, and in how many periods they do. Most do nothing. */
const whimsOf = ({ business }: Shop, trial: boolean): readonly (readonly [share: number, whim: Whim | null])[] => [
  [business.cancelShare, leave],
  [business.refundShare, refundLast],
  [business.changeShare, trial ? null : changePlan],
  [business.disputeShare, disputeLast],
  [business.detailsShare, changeDetails],
  [business.rebateShare, trial ? null : grantRebate],
  [business.downgradeShare, trial ? null : planDowngrade],
  [business.pauseShare, trial ? null : pauseCollection],
]

function* whim(world: World, shop: Shop, contract: Contract, trial: boolean): Lifecycle {
  let roll = world.random()
  const chosen = whimsOf(shop, trial).find(([share]) => (roll -= share) < 0)?.[1]
  if (!chosen) return
  // A day of quiet after the last renewal, and done before the next one is announced.
  const { startAt, endAt } = periodOf(world, contract)
  const fromAt = Math.max(startAt, world.now()) + DAY
  const untilAt = Math.min(endAt - 9 * DAY, startAt + WHIM_MS)
  if (fromAt >= untilAt) return
  yield Math.floor(between(world.random, fromAt, untilAt))
  yield* chosen(world, shop, contract)
}

function* leave(world: World, _shop: Shop, contract: Contract): Lifecycle {
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
  return contractOf({ customer: payer.id, paymentMethod: card.id, subscription: held.id })
}

function renewalAt(world: World, { business }: Shop, price: Price): number {
  if (business.renewalAt !== null) return business.renewalAt
  const now = new Date(world.now())
  if (chance(world.random, business.anchoredShare)) return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)
  const latestAt = monthsAfter(world.now(), monthsOf(price))
  return Math.floor(between(world.random, world.now() + DAY, latestAt) / 1000) * 1000
}
