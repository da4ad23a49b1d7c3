import { DAY, seconds } from '../calendar.ts'
import type { Customer } from '../objects/customer.ts'
import { paymentMethod } from '../objects/payment-method.ts'
import type { Subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription } from './cancellation.ts'
import { type Contract, periodOf } from './contract.ts'
import { replaceCard, useCard } from './details.ts'
import { payOwed } from './dunning.ts'
import { beginPeriod } from './renewal.ts'

const SUBSCRIPTION_UPDATED = 'customer.subscription.updated'

/** A trial that began without a card stands still at its end, until a card comes. Returns whether one did. */
export function* pausedTrial(world: World, contract: Contract): Lifecycle<boolean> {
  world.change<Subscription>(
    contract.subscription,
    { status: 'paused' },
    'customer.subscription.paused',
    SUBSCRIPTION_UPDATED,
  )
  const returns = chance(world.random, 0.6)
  yield world.now() + (returns ? 3 : 30) * DAY
  world.byRequest()
  if (!returns) {
    endSubscription(world, contract, 'cancellation_requested')
    return false
  }
  const card = world.add(paymentMethod(world, world.get<Customer>(contract.customer)), 'payment_method.attached')
  useCard(world, contract, card.id)
  resume(world, contract)
  return true
}

/** What follows is a renewal: the next period begins now, and is billed. */
function resume(world: World, { subscription }: Contract): void {
  const { items } = world.get<Subscription>(subscription)
  const [item] = items.data
  const begun = { ...items, data: [{ ...item, current_period_end: world.created() }] satisfies [typeof item] }
  const resumed = {
    billing_cycle_anchor: world.created(),
    items: begun as Subscription['items'],
    status: 'active' as const,
  }
  world.change<Subscription>(subscription, resumed, 'customer.subscription.resumed', SUBSCRIPTION_UPDATED)
}

/** The subscription stays active while nothing is collected: only an update tells. */
export function* pauseCollection(world: World, _shop: Shop, { subscription }: Contract): Lifecycle {
  world.byRequest()
  const pause = { behavior: 'keep_as_draft' as const, resumes_at: seconds(world.now() + DAY) }
  world.change<Subscription>(subscription, { pause_collection: pause }, SUBSCRIPTION_UPDATED)
  yield world.now() + DAY
  world.change<Subscription>(subscription, { pause_collection: null }, SUBSCRIPTION_UPDATED)
}

/** Months go by unpaid, and their invoices stay drafts, until another card pays what is owed. Returns whether one did. */
export function* standUnpaid(world: World, shop: Shop, contract: Contract): Lifecycle<boolean> {
  const { owed } = contract
  if (owed && chance(world.random, shop.business.recoveryShare)) {
    yield world.now() + 5 * DAY
    const before = contract.paymentMethod
    yield* replaceCard(world, contract)
    if (contract.paymentMethod !== before) {
      yield* payOwed(world, shop, contract, owed)
      return true
    }
  }
  const renewalAt = periodOf(world, contract).endAt
  if (renewalAt < world.now() + 30 * DAY) {
    yield renewalAt
    beginPeriod(world, contract)
  }
  yield world.now() + 5 * DAY
  endSubscription(world, contract, 'payment_failed')
  return false
}
