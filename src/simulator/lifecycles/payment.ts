import { pick } from '../../core/random.ts'
import { DAY, seconds } from '../calendar.ts'
import type { Customer } from '../objects/customer.ts'
import type { Invoice } from '../objects/invoice.ts'
import {
  type Charge,
  charge,
  type Decline,
  type InvoicePayment,
  invoicePayment,
  type PaymentIntent,
  paymentIntent,
} from '../objects/payment.ts'
import type { Subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription } from './cancellation.ts'
import { type Contract, payerOf, subscriptionOf } from './contract.ts'

/**
 * When a declined payment is tried again. Together less than a month, so that no dunning reaches into the next renewal.
 *
 * | after attempt | wait | days since the first |
 * |--:|--:|--:|
 * | 1 | 3 days | 3 |
 * | 2 | 5 days | 8 |
 * | 3 | 7 days | 15 |
 * | 4 | the subscription is cancelled, `payment_failed` | |
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
  for (const waitMs of [...DUNNING_MS, null]) {
    if (!chance(world.random, declinedShare)) {
      contract.charge = succeed(world, contract, payment)
      recover(world, contract)
      yield* book(world, contract.charge)
      return true
    }
    const nextAt = waitMs === null ? null : world.now() + waitMs
    decline(world, contract, payment, nextAt)
    if (nextAt === null) break
    yield nextAt
    declinedShare = 1 - shop.business.recoveryShare
  }
  endSubscription(world, contract, 'payment_failed')
  return false
}

/** Draft to open: the invoice gets its number, and what the customer's balance covers is taken from there. */
export function finalise(world: World, invoiceId: string): Invoice {
  const invoice = world.get<Invoice>(invoiceId)
  const customer = world.get<Customer>(invoice.customer)
  const sequence = customer.next_invoice_sequence ?? 1
  const balance = Math.min(0, invoice.total + customer.balance)
  const told = balance === customer.balance ? [] : ['customer.updated']
  world.change<Customer>(customer.id, { balance, next_invoice_sequence: sequence + 1 }, ...told)

  const link = `https://invoice.example.com/i/${world.text(32)}`
  const opened = {
    automatically_finalizes_at: null,
    effective_at: world.created(),
    ending_balance: balance,
    hosted_invoice_url: link,
    invoice_pdf: `${link}/pdf`,
    number: `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`,
    status: 'open' as const,
    status_transitions: { ...invoice.status_transitions, finalized_at: world.created() },
    webhooks_delivered_at: world.created(),
  }
  return world.change<Invoice>(invoiceId, opened, 'invoice.finalized', 'invoice.updated')
}

/** A payment that was begun for an invoice; each attempt is a charge of its own. */
export interface Payment {
  readonly invoice: string
  readonly intent: string
  readonly invoicePayment: string
}

export function beginPayment(world: World, contract: Contract, invoiceId: string): Payment {
  const invoice = world.get<Invoice>(invoiceId)
  const intent = world.add(paymentIntent(world, payerOf(world, contract), invoice), 'payment_intent.created')
  const link = world.add(invoicePayment(world, invoice, intent))
  return { invoice: invoiceId, intent: intent.id, invoicePayment: link.id }
}

/** The bank says yes. Returns the charge. */
export function succeed(world: World, contract: Contract, payment: Payment): string {
  const intent = world.get<PaymentIntent>(payment.intent)
  const taken = world.add(charge(world, payerOf(world, contract), intent, null), 'charge.succeeded')
  const paid = {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: taken.id,
    payment_method: contract.paymentMethod,
    status: 'succeeded' as const,
  }
  world.change<PaymentIntent>(intent.id, paid, 'payment_intent.succeeded')
  const linked = {
    amount_paid: intent.amount,
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: world.created() },
  }
  world.change<InvoicePayment>(payment.invoicePayment, linked, 'invoice_payment.paid')
  settle(world, payment.invoice)
  return taken.id
}

/** The invoice is paid: by a charge, or by nobody when nothing is due. */
export function settle(world: World, invoiceId: string): void {
  const invoice = world.get<Invoice>(invoiceId)
  const paid = {
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempt_count: invoice.attempt_count + (invoice.amount_due > 0 ? 1 : 0),
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid' as const,
    status_transitions: { ...invoice.status_transitions, paid_at: world.created() },
  }
  world.change<Invoice>(invoiceId, paid, 'invoice.paid', 'invoice.payment_succeeded', 'invoice.updated')
}

/** Seconds after the charge Stripe knows its balance transaction. */
export function* book(world: World, chargeId: string): Lifecycle {
  yield world.now() + 2_000 + Math.floor(world.random() * 20_000)
  world.change<Charge>(chargeId, { balance_transaction: world.id('txn') }, 'charge.updated')
}

function decline(world: World, contract: Contract, payment: Payment, nextAt: number | null): void {
  const payer = payerOf(world, contract)
  const why = pick(world.random, DECLINES)
  const intent = world.get<PaymentIntent>(payment.intent)
  const refused = world.add(charge(world, payer, intent, why), 'charge.failed')
  const error = {
    charge: refused.id,
    code: why.code as 'card_declined',
    decline_code: why.declineCode,
    doc_url: `https://docs.example.com/error-codes/${why.code}`,
    message: why.message,
    payment_method: payer.paymentMethod,
    type: 'card_error' as const,
  }
  const failed = { last_payment_error: error, latest_charge: refused.id, payment_method: null }
  world.change<PaymentIntent>(intent.id, failed, 'payment_intent.payment_failed')

  const attempted = {
    attempt_count: world.get<Invoice>(payment.invoice).attempt_count + 1,
    attempted: true,
    auto_advance: nextAt !== null,
    next_payment_attempt: nextAt === null ? null : seconds(nextAt),
  }
  world.change<Invoice>(payment.invoice, attempted, 'invoice.payment_failed', 'invoice.updated')
  if (subscriptionOf(world, contract).status !== 'active') return
  world.change<Subscription>(contract.subscription, { status: 'past_due' }, 'customer.subscription.updated')
}

function recover(world: World, contract: Contract): void {
  if (subscriptionOf(world, contract).status !== 'past_due') return
  world.change<Subscription>(contract.subscription, { status: 'active' }, 'customer.subscription.updated')
}
