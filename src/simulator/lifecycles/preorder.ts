import { pick } from '../../core/random.ts'
import { DAY } from '../calendar.ts'
import { customer } from '../objects/customer.ts'
import { type Charge, charge, type PaymentIntent, paymentIntent } from '../objects/payment.ts'
import { paymentMethod } from '../objects/payment-method.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { book } from './payment.ts'
import { giveBack } from './refund.ts'

// After a week the bank lets go of what it held.
const HELD_MS = 7 * DAY

/** A single order: the bank holds the money until the goods leave, or for a week. */
export function* preorder(world: World, shop: Shop): Lifecycle {
  world.byRequest()
  const { currency, unit_amount: amount } = pick(world.random, shop.prices)
  const buyer = world.add(customer(world), 'customer.created')
  const payer = { customer: buyer, paymentMethod: paymentMethod(world, buyer) }
  world.add(payer.paymentMethod, 'payment_method.attached')
  const manual = { capture_method: 'manual' as const, setup_future_usage: null }
  const intent = world.add(
    { ...paymentIntent(world, payer, { amount_due: amount, currency }), ...manual },
    'payment_intent.created',
  )
  const held = { ...charge(world, payer, intent, null), amount_captured: 0, captured: false }
  const taken = world.add<Charge>(held, 'charge.succeeded')
  const waiting = { amount_capturable: amount, latest_charge: taken.id, payment_method: payer.paymentMethod.id }
  const status = 'requires_capture' as const
  world.change<PaymentIntent>(intent.id, { ...waiting, status }, 'payment_intent.amount_capturable_updated')

  const leaves = chance(world.random, 0.8)
  yield world.now() + (leaves ? Math.ceil(world.random() * 4 * DAY) : HELD_MS)
  if (leaves) yield* capture(world, shop, taken.id, intent.id)
  else letGo(world, taken.id, intent.id)
  world.retire(buyer.id, payer.paymentMethod.id)
}

function* capture(world: World, shop: Shop, chargeId: string, intentId: string): Lifecycle {
  world.byRequest()
  const { amount } = world.get<Charge>(chargeId)
  world.change<Charge>(chargeId, { amount_captured: amount, captured: true }, 'charge.captured')
  const paid = { amount_capturable: 0, amount_received: amount, status: 'succeeded' as const }
  world.change<PaymentIntent>(intentId, paid, 'payment_intent.succeeded')
  yield* book(world, shop, chargeId)
  if (!chance(world.random, 0.1)) return
  yield world.now() + 3 * DAY
  yield* giveBack(world, shop, chargeId, amount)
}

/** Nobody took the money in time. */
function letGo(world: World, chargeId: string, intentId: string): void {
  const { amount } = world.get<Charge>(chargeId)
  world.change<Charge>(chargeId, { amount_refunded: amount, refunded: true }, 'charge.expired')
  const canceled = {
    amount_capturable: 0,
    canceled_at: world.created(),
    cancellation_reason: 'automatic' as const,
    status: 'canceled' as const,
  }
  world.change<PaymentIntent>(intentId, canceled, 'payment_intent.canceled')
}
