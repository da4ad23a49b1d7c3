import { pick } from '../../core/random.ts'
import { DAY, HOUR, seconds } from '../calendar.ts'
import type { Invoice } from '../objects/invoice.ts'
import type { Decline, PaymentIntent } from '../objects/payment.ts'
import type { Subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription } from './cancellation.ts'
import type { Contract } from './contract.ts'
import { beginPayment, book, decline, fallBehind, type Payment, recover, settle, succeed } from './payment.ts'

/**
 * When a declined payment is tried again. Together less than a month, so that no dunning reaches into the next renewal.
 *
 * | after attempt | wait | days since the first |
 * |--:|--:|--:|
 * | 1 | 3 days | 3 |
 * | 2 | 5 days | 8 |
 * | 3 | 7 days | 15 |
 * | 4 | the subscription is cancelled, `payment_failed`, or stands unpaid | |
 */
const DUNNING_MS = [3 * DAY, 5 * DAY, 7 * DAY]

const DECLINES: readonly NonNullable<Decline>[] = [
  { code: 'card_declined', declineCode: 'insufficient_funds', message: 'Your card has insufficient funds.' },
  { code: 'card_declined', declineCode: 'generic_decline', message: 'Your card was declined.' },
  { code: 'expired_card', declineCode: 'expired_card', message: 'Your card has expired.' },
]

/** From an open invoice to its money, or to the end of the subscription. Returns whether the subscription goes on. */
export function* collect(world: World, shop: Shop, contract: Contract, invoiceId: string): Lifecycle<boolean> {
  if (world.get<Invoice>(invoiceId).amount_due === 0) {
    settle(world, invoiceId)
    return true
  }
  const payment = beginPayment(world, contract, invoiceId)
  let declinedShare = shop.business.failureShare
  if (chance(world.random, shop.business.challengeShare)) {
    yield* challenge(world, contract, payment)
    declinedShare = 1 - shop.business.recoveryShare
  }
  for (const waitMs of [...DUNNING_MS, null]) {
    if (!chance(world.random, declinedShare)) {
      contract.charge = succeed(world, contract, payment)
      recover(world, contract)
      yield* book(world, shop, contract.charge)
      return true
    }
    const nextAt = waitMs === null ? null : world.now() + waitMs
    decline(world, contract, payment, { why: pick(world.random, DECLINES), nextAt })
    if (nextAt === null) break
    yield nextAt
    declinedShare = 1 - shop.business.recoveryShare
  }
  return giveUp(world, shop, contract, payment)
}

/** The bank wants to see the customer, who has two hours for it. */
function* challenge(world: World, contract: Contract, payment: Payment): Lifecycle {
  const asked = { next_action: { type: 'use_stripe_sdk' as const }, status: 'requires_action' as const }
  world.change<PaymentIntent>(
    payment.intent,
    { ...asked, payment_method: contract.paymentMethod },
    'payment_intent.requires_action',
  )
  const nextAt = world.now() + 2 * HOUR
  const attempted = {
    attempt_count: world.get<Invoice>(payment.invoice).attempt_count + 1,
    attempted: true,
    next_payment_attempt: seconds(nextAt),
  }
  world.change<Invoice>(payment.invoice, attempted, 'invoice.payment_action_required', 'invoice.updated')
  fallBehind(world, contract)
  yield nextAt
}

function giveUp(world: World, shop: Shop, contract: Contract, payment: Payment): boolean {
  if (chance(world.random, shop.business.unpaidShare)) {
    contract.owed = payment
    world.change<Subscription>(contract.subscription, { status: 'unpaid' }, 'customer.subscription.updated')
    return true
  }
  writeOff(world, payment.invoice)
  endSubscription(world, contract, 'payment_failed')
  return false
}

/** The merchant does not count on an open invoice any more; now and then it should never have been. */
export function writeOff(world: World, invoiceId: string): void {
  const { status_transitions } = world.get<Invoice>(invoiceId)
  const now = world.created()
  if (chance(world.random, 0.7)) {
    const lost = { marked_uncollectible_at: now }
    const patch = { status: 'uncollectible' as const, status_transitions: { ...status_transitions, ...lost } }
    world.change<Invoice>(
      invoiceId,
      { ...patch, auto_advance: false },
      'invoice.marked_uncollectible',
      'invoice.updated',
    )
  } else {
    const patch = { status: 'void' as const, status_transitions: { ...status_transitions, voided_at: now } }
    world.change<Invoice>(invoiceId, { ...patch, auto_advance: false }, 'invoice.voided', 'invoice.updated')
  }
}

/** A customer who stands unpaid comes back with another card, and pays what is owed. */
export function* payOwed(world: World, shop: Shop, contract: Contract, owed: Payment): Lifecycle {
  contract.owed = null
  contract.charge = succeed(world, contract, owed)
  recover(world, contract)
  yield* book(world, shop, contract.charge)
}
