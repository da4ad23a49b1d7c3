import { DAY } from '../calendar.ts'
import type { CheckoutSession } from '../objects/checkout-session.ts'
import { type Mandate, mandate } from '../objects/mandate.ts'
import { type Charge, charge, type PaymentIntent } from '../objects/payment.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription } from './cancellation.ts'
import type { Order } from './checkout.ts'
import { type Contract, payerOf } from './contract.ts'
import { beginPayment, book, decline, finalise, receive } from './payment.ts'

const RETURNED = {
  code: 'charge_exceeds_source_limit',
  declineCode: 'generic_decline',
  message: 'The debit came back.',
}

/**
 * The first payment by direct debit: the session is complete and the subscription begins while nobody knows yet whether the
 * bank will pay. Returns null when it did not.
 */
export function* debit(world: World, shop: Shop, order: Order, complete: () => string): Lifecycle<Contract | null> {
  const { contract, terms, draft } = order
  const payer = payerOf(world, contract)
  const allowed = world.add(mandate(world, payer.paymentMethod))
  world.change<Mandate>(allowed.id, { status: 'active' }, 'mandate.updated')
  world.add(draft, 'invoice.created')
  finalise(world, draft.id)
  const payment = beginPayment(world, contract, draft.id)
  const begun = { payment_method: contract.paymentMethod, status: 'processing' as const }
  const intent = world.change<PaymentIntent>(payment.intent, begun, 'payment_intent.processing')
  const waiting = { ...charge(world, payer, intent, null), paid: false, status: 'pending' as const }
  const asked = world.add<Charge>(waiting, 'charge.pending')
  world.add(terms, 'customer.subscription.created')
  const session = complete()

  yield world.now() + (3 + Math.floor(world.random() * 3)) * DAY
  if (chance(world.random, 0.8)) {
    const came = world.change<Charge>(asked.id, { paid: true, status: 'succeeded' }, 'charge.succeeded')
    contract.charge = receive(world, contract, payment, came)
    world.change<CheckoutSession>(session, { payment_status: 'paid' }, 'checkout.session.async_payment_succeeded')
    yield* book(world, shop, contract.charge)
    return contract
  }
  const failed = { failure_code: RETURNED.code, failure_message: RETURNED.message, status: 'failed' as const }
  const charged = world.change<Charge>(asked.id, failed, 'charge.failed')
  decline(world, contract, payment, { why: RETURNED, nextAt: null, charged })
  world.change<CheckoutSession>(session, {}, 'checkout.session.async_payment_failed')
  endSubscription(world, contract, 'payment_failed')
  return contract
}
