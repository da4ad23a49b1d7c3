import { DAY, HOUR } from '../calendar.ts'
import { type CreditNote, creditNote } from '../objects/credit-note.ts'
import type { Invoice } from '../objects/invoice.ts'
import type { Charge } from '../objects/payment.ts'
import { type Refund, refund } from '../objects/refund.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, subscriptionOf } from './contract.ts'

/** Money back for the last charge: whole, or in two halves. The subscription is not touched. */
export function* refundLast(world: World, shop: Shop, contract: Contract): Lifecycle {
  if (contract.charge === null) return
  const half = Math.floor(world.get<Charge>(contract.charge).amount / 2)
  if (chance(world.random, 0.5)) yield* giveBack(world, shop, contract.charge, half)
  const { amount, amount_refunded } = world.get<Charge>(contract.charge)
  const last = yield* giveBack(world, shop, contract.charge, amount - amount_refunded)
  if (chance(world.random, 0.4)) noteCredit(world, contract, last)
  else if (chance(world.random, 0.2)) world.begin(comesBack(world, shop, last))
  contract.charge = null
}

export function* giveBack(world: World, { till }: Shop, chargeId: string, amount: number): Lifecycle<string> {
  world.byRequest()
  const before = world.get<Charge>(chargeId)
  const made = world.add(refund(world, before, amount), 'refund.created')
  const refunded = before.amount_refunded + amount
  const back = { amount_refunded: refunded, refunded: refunded === before.amount }
  world.change<Charge>(chargeId, back, 'charge.refunded')
  till.move(before.currency, 0 - amount)

  // The card network's reference, by which the customer's bank finds the refund, comes later.
  yield world.now() + 3 * HOUR
  const reference = {
    reference: world.text(23),
    reference_status: 'available',
    reference_type: 'acquirer_reference_number',
  }
  const found = { destination_details: { card: { ...reference, type: 'refund' as const }, type: 'card' } }
  world.change<Refund>(made.id, found, 'refund.updated', 'charge.refund.updated')
  return made.id
}

/** For the books: the invoice of this period was lowered by what was given back. */
function noteCredit(world: World, contract: Contract, refundId: string): void {
  const { latest_invoice } = subscriptionOf(world, contract)
  const given = world.get<Refund>(refundId)
  const invoice = world.get<Invoice>(String(latest_invoice))
  const made = world.add(creditNote(world, invoice, given.amount, given), 'credit_note.created')
  const noted = { post_payment_credit_notes_amount: invoice.post_payment_credit_notes_amount + given.amount }
  world.change<Invoice>(invoice.id, noted, 'invoice.updated')
  if (chance(world.random, 0.3))
    world.change<CreditNote>(made.id, { memo: 'With our apologies' }, 'credit_note.updated')
}

/** The customer's bank cannot take the money: days later it is the merchant's again, though the refund had succeeded. */
function* comesBack(world: World, { till }: Shop, refundId: string): Lifecycle {
  yield world.now() + (2 + Math.floor(world.random() * 4)) * DAY
  const failed = {
    failure_balance_transaction: world.id('txn'),
    failure_reason: 'lost_or_stolen_card',
    status: 'failed' as const,
  }
  const told = ['refund.updated', 'charge.refund.updated', 'refund.failed']
  const { amount, charge, currency } = world.change<Refund>(refundId, failed, ...told)
  const left = world.get<Charge>(charge).amount_refunded - amount
  world.change<Charge>(charge, { amount_refunded: left, refunded: false }, 'charge.updated')
  till.move(currency, amount)
}
