import { pick } from '../../core/random.ts'
import { HOUR, MINUTE, monthsAfter } from '../calendar.ts'
import { phasesWith, type Schedule, schedule } from '../objects/schedule.ts'
import type { Subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, periodOf, subscriptionOf } from './contract.ts'

/** The customer picks a cheaper plan for the next period; some think better of it within hours. */
export function* planDowngrade(world: World, shop: Shop, contract: Contract): Lifecycle {
  const before = subscriptionOf(world, contract)
  const { price } = before.items.data[0]
  const cheaper = shop.prices.filter(
    ({ currency, recurring, unit_amount }) =>
      currency === price.currency && recurring.interval === price.recurring.interval && unit_amount < price.unit_amount,
  )
  if (cheaper.length === 0) return
  world.byRequest()
  const wanted = pick(world.random, cheaper)
  const made = world.add(schedule(world, before), 'subscription_schedule.created')
  world.change<Subscription>(contract.subscription, { schedule: made.id }, 'customer.subscription.updated')
  const { endAt } = periodOf(world, contract)
  const phases = phasesWith(made, wanted, monthsAfter(endAt, price.recurring.interval === 'year' ? 12 : 1))
  world.change<Schedule>(made.id, { phases }, 'subscription_schedule.updated')
  contract.downgrade = { schedule: made.id, price: wanted }
  if (!chance(world.random, 0.4)) return

  yield world.now() + 4 * HOUR + Math.floor(world.random() * 30 * MINUTE)
  world.byRequest()
  contract.downgrade = null
  release(world, contract, made.id)
}

/** The cheaper plan has begun: the schedule has one phase left, and soon none. */
export function endDowngrade(world: World, contract: Contract, scheduleId: string): void {
  contract.downgrade = null
  if (chance(world.random, 0.5)) return release(world, contract, scheduleId)
  const now = world.created()
  const done = { completed_at: now, current_phase: null, status: 'completed' as const, subscription: null }
  world.change<Schedule>(scheduleId, done, 'subscription_schedule.completed', 'subscription_schedule.updated')
  leaveSchedule(world, contract, scheduleId)
}

/** The schedule lets go of its subscription, which goes on as it is. */
function release(world: World, contract: Contract, scheduleId: string): void {
  const let_go = { released_at: world.created(), released_subscription: contract.subscription }
  const released = { ...let_go, current_phase: null, status: 'released' as const, subscription: null }
  world.change<Schedule>(scheduleId, released, 'subscription_schedule.released', 'subscription_schedule.updated')
  leaveSchedule(world, contract, scheduleId)
}

function leaveSchedule(world: World, contract: Contract, scheduleId: string): void {
  world.change<Subscription>(contract.subscription, { schedule: null }, 'customer.subscription.updated')
  world.retire(scheduleId)
}
