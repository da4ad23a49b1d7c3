import type { Json } from '../core/outcome.ts'
import type { SimulatedEvent } from './event.ts'

/** What a checker needs to know of an event that was sent, to compare with what became of it. */
export interface Truth {
  readonly id: string
  readonly type: string
  readonly object: string | null
  readonly customer: string | null
  /** In minor units of `currency`; null where the event is about no money. */
  readonly amount: number | null
  readonly currency: string | null
  /** In seconds, as in the body. */
  readonly created: number
}

export function truthOf({ id, type, object, customer, created, json }: SimulatedEvent): Truth {
  const subject = (json['data'] as { object: { readonly [key: string]: Json } }).object
  const currency = typeof subject['currency'] === 'string' ? subject['currency'] : null
  return { id, type, object, customer, amount: amountOf(type, subject), currency, created }
}

/** The sum of the amounts of one type, by currency. An event that is in the list twice counts twice. */
export function sumOf(truths: Iterable<Truth>, type: string): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const truth of truths) {
    if (truth.type !== type || truth.amount === null || truth.currency === null) continue
    sums[truth.currency] = (sums[truth.currency] ?? 0) + truth.amount
  }
  return sums
}

// Which field says how much, by the kind of object.
const AMOUNT: Readonly<Record<string, string>> = {
  application_fee: 'amount',
  charge: 'amount',
  'checkout.session': 'amount_total',
  credit_note: 'amount',
  dispute: 'amount',
  invoice: 'amount_due',
  invoice_payment: 'amount_paid',
  invoiceitem: 'amount',
  payment_intent: 'amount',
  payout: 'amount',
  refund: 'amount',
  transfer: 'amount',
}

const PAID = new Set(['invoice.paid', 'invoice.payment_succeeded'])

function amountOf(type: string, subject: { readonly [key: string]: Json }): number | null {
  const field = PAID.has(type) ? 'amount_paid' : type === 'charge.refunded' ? 'amount_refunded' : undefined
  const amount = subject[field ?? AMOUNT[String(subject['object'])] ?? '']
  return typeof amount === 'number' ? amount : null
}
