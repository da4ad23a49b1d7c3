import { pick } from '../../core/random.ts'
import { MINUTE } from '../calendar.ts'
import type { Subscription } from '../objects/subscription.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, periodOf, subscriptionOf } from './contract.ts'

const FEEDBACK = ['too_expensive', 'unused', 'missing_features', 'switched_service', 'other'] as const

/** The customer asks to leave when the paid period ends; what they say about it comes in a second event. */
export function* scheduleCancellation(world: World, contract: Contract): Lifecycle {
  world.byRequest()
  const { billing_mode, cancellation_details, items } = subscriptionOf(world, contract)
  // In flexible mode the flag stays false and only the date tells: a consumer that reads the flag alone misses it.
  const cancelled = {
    cancel_at: items.data[0].current_period_end,
    cancel_at_period_end: billing_mode.type === 'classic',
    canceled_at: world.created(),
    cancellation_details: { ...cancellation_details, reason: 'cancellation_requested' as const },
  }
  world.change<Subscription>(contract.subscription, cancelled, 'customer.subscription.updated')

  yield world.now() + MINUTE
  world.byRequest()
  const details = { ...cancelled.cancellation_details, feedback: pick(world.random, FEEDBACK) }
  world.change<Subscription>(contract.subscription, { cancellation_details: details }, 'customer.subscription.updated')
}

/** The customer stays after all. */
export function undoCancellation(world: World, contract: Contract): void {
  world.byRequest()
  const undone = {
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
  }
  world.change<Subscription>(contract.subscription, undone, 'customer.subscription.updated')
}

export const leaving = (world: World, contract: Contract): boolean =>
  subscriptionOf(world, contract).cancel_at === periodOf(world, contract).endAt / 1000

/** The end: at once where nothing was scheduled. The object stays, with the time of the request where there was one. */
export function endSubscription(
  world: World,
  contract: Contract,
  reason: 'cancellation_requested' | 'payment_failed' | 'payment_disputed',
) {
  const { canceled_at, cancellation_details } = subscriptionOf(world, contract)
  const ended = {
    canceled_at: canceled_at ?? world.created(),
    cancellation_details: { ...cancellation_details, reason },
    ended_at: world.created(),
    status: 'canceled' as const,
  }
  world.change<Subscription>(contract.subscription, ended, 'customer.subscription.deleted')
}
