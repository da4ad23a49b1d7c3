import { HOUR } from '../calendar.ts'
import type { Charge } from '../objects/payment.ts'
import { type Refund, refund } from '../objects/refund.ts'
import { chance } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import type { Contract } from './contract.ts'

/** Money back for the last charge: whole, or in two halves. The subscription is not touched. */
export function* refundLast(world: World, contract: Contract): Lifecycle {
  if (contract.charge === null) return
  const half = Math.floor(world.get<Charge>(contract.charge).amount / 2)
  if (chance(world.random, 0.5)) yield* giveBack(world, contract.charge, half)
  const { amount, amount_refunded } = world.get<Charge>(contract.charge)
  yield* giveBack(world, contract.charge, amount - amount_refunded)
  contract.charge = null
}

function* giveBack(world: World, chargeId: string, amount: number): Lifecycle {
  world.byRequest()
  const before = world.get<Charge>(chargeId)
  const made = world.add(refund(world, before, amount), 'refund.created')
  const refunded = before.amount_refunded + amount
  const back = { amount_refunded: refunded, refunded: refunded === before.amount }
  world.change<Charge>(chargeId, back, 'charge.refunded')

  // The card network's reference, by which the customer's bank finds the refund, comes later.
  yield world.now() + 3 * HOUR
  const reference = {
    reference: world.text(23),
    reference_status: 'available',
    reference_type: 'acquirer_reference_number',
  }
  const found = { destination_details: { card: { ...reference, type: 'refund' as const }, type: 'card' } }
  world.change<Refund>(made.id, found, 'refund.updated')
}
