import { seconds } from '../calendar.ts'
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
import type { Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, payerOf, subscriptionOf } from './contract.ts'

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
  const intent = paymentIntent(world, payerOf(world, contract), invoice)
  const link = world.add(invoicePayment(world, invoice, intent))
  world.add(intent, 'payment_intent.created')
  return { invoice: invoiceId, intent: intent.id, invoicePayment: link.id }
}

/** The bank says yes. Returns the charge. */
export function succeed(world: World, contract: Contract, payment: Payment): string {
  const intent = world.get<PaymentIntent>(payment.intent)
  const taken = world.add(charge(world, payerOf(world, contract), intent, null), 'charge.succeeded')
  return receive(world, contract, payment, taken)
}

/** The money of a charge has come: the payment and its invoice are done. */
export function receive(world: World, contract: Contract, payment: Payment, taken: Charge): string {
  const intent = world.get<PaymentIntent>(payment.intent)
  const paid = {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: taken.id,
    next_action: null,
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
export function* book(world: World, { till }: Shop, chargeId: string): Lifecycle {
  yield world.now() + 2_000 + Math.floor(world.random() * 20_000)
  const { amount, currency } = world.change<Charge>(
    chargeId,
    { balance_transaction: world.id('txn') },
    'charge.updated',
  )
  till.take(currency, amount)
}

/** The bank says no to a payment; with `nextAt`, it will be tried again then. */
export function decline(
  world: World,
  contract: Contract,
  payment: Payment,
  { why, nextAt, charged }: { why: NonNullable<Decline>; nextAt: number | null; charged?: Charge },
): void {
  const payer = payerOf(world, contract)
  const intent = world.get<PaymentIntent>(payment.intent)
  const refused = charged ?? world.add(charge(world, payer, intent, why), 'charge.failed')
  const error = {
    charge: refused.id,
    code: why.code as 'card_declined',
    decline_code: why.declineCode,
    doc_url: `https://docs.example.com/error-codes/${why.code}`,
    message: why.message,
    payment_method: payer.paymentMethod,
    type: 'card_error' as const,
  }
  const failed = {
    last_payment_error: error,
    latest_charge: refused.id,
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method' as const,
  }
  world.change<PaymentIntent>(intent.id, failed, 'payment_intent.payment_failed')

  const attempted = {
    attempt_count: world.get<Invoice>(payment.invoice).attempt_count + 1,
    attempted: true,
    auto_advance: nextAt !== null,
    next_payment_attempt: nextAt === null ? null : seconds(nextAt),
  }
  world.change<Invoice>(payment.invoice, attempted, 'invoice.payment_failed', 'invoice.updated')
  fallBehind(world, contract)
}

export function fallBehind(world: World, contract: Contract): void {
  if (subscriptionOf(world, contract).status !== 'active') return
  world.change<Subscription>(contract.subscription, { status: 'past_due' }, 'customer.subscription.updated')
}

/** Paid after all. */
export function recover(world: World, contract: Contract): void {
  const { status } = subscriptionOf(world, contract)
  if (status !== 'past_due' && status !== 'unpaid') return
  world.change<Subscription>(contract.subscription, { status: 'active' }, 'customer.subscription.updated')
}
