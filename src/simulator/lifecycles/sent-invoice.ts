import { DAY, HOUR, MINUTE } from '../calendar.ts'
import { type CreditNote, creditNote } from '../objects/credit-note.ts'
import type { Invoice } from '../objects/invoice.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription } from './cancellation.ts'
import type { Contract } from './contract.ts'
import { writeOff } from './dunning.ts'
import { beginPayment, book, fallBehind, recover, settle, succeed } from './payment.ts'

/** An open invoice goes to the customer, who pays it in time, late, or never. Returns whether the subscription goes on. */
export function* send(world: World, shop: Shop, contract: Contract, invoiceId: string): Lifecycle<boolean> {
  const { amount_due, due_date } = world.change<Invoice>(invoiceId, {}, 'invoice.sent')
  if (amount_due === 0) {
    settle(world, invoiceId)
    return true
  }
  if (chance(world.random, 0.1)) yield* thinkAgain(world, invoiceId)
  const dueAt = (due_date ?? world.created()) * 1000
  if (chance(world.random, 0.5)) {
    yield world.now() + Math.floor(world.random() * (dueAt - world.now() - 4 * DAY))
    return yield* pay(world, shop, contract, invoiceId)
  }

  yield dueAt - 3 * DAY
  world.change<Invoice>(invoiceId, {}, 'invoice.will_be_due')
  yield dueAt + MINUTE
  world.change<Invoice>(invoiceId, {}, 'invoice.overdue')
  fallBehind(world, contract)
  yield world.now() + 5 * DAY
  if (!chance(world.random, 0.2)) return yield* pay(world, shop, contract, invoiceId)
  writeOff(world, invoiceId)
  endSubscription(world, contract, 'payment_failed')
  return false
}

function* pay(world: World, shop: Shop, contract: Contract, invoiceId: string): Lifecycle<boolean> {
  world.byRequest()
  contract.charge = succeed(world, contract, beginPayment(world, contract, invoiceId))
  recover(world, contract)
  yield* book(world, shop, contract.charge)
  return true
}

/** A rebate is noted on the open invoice, and taken back an hour later. */
function* thinkAgain(world: World, invoiceId: string): Lifecycle {
  world.byRequest()
  const before = world.get<Invoice>(invoiceId)
  const off = Math.floor(before.amount_due / 10)
  const made = world.add(creditNote(world, before, off, null), 'credit_note.created')
  const { amount_due, amount_remaining, pre_payment_credit_notes_amount: credited } = before
  const lowered = {
    amount_due: amount_due - off,
    amount_remaining: amount_remaining - off,
    pre_payment_credit_notes_amount: credited + off,
  }
  world.change<Invoice>(invoiceId, lowered, 'invoice.updated')

  yield world.now() + HOUR
  world.byRequest()
  world.change<CreditNote>(made.id, { status: 'void', voided_at: world.created() }, 'credit_note.voided')
  const raised = { amount_due, amount_remaining, pre_payment_credit_notes_amount: credited }
  world.change<Invoice>(invoiceId, raised, 'invoice.updated')
}
