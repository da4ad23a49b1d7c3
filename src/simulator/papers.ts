import { DAY } from './calendar.ts'
import type { StripeObject } from './objects/wire.ts'

// No lifecycle comes back to a paper by then: renewals, dunning, refunds and disputes of one invoice end within three months.
export const PAPERS_KEPT_MS = 100 * DAY

const PAPERS = new Set([
  'application_fee',
  'charge',
  'checkout.session',
  'credit_note',
  'dispute',
  'fee_refund',
  'invoice',
  'invoice_payment',
  'invoiceitem',
  'mandate',
  'payment_intent',
  'payout',
  'quote',
  'radar.early_fraud_warning',
  'refund',
  'setup_intent',
  'transfer',
])

/** Which objects are kept for good and which for a time, so that a merchant of years takes no more memory than one of months. */
export function createPapers(objects: Map<string, StripeObject>) {
  const kept: { readonly id: string; readonly at: number }[] = []
  return {
    keep(object: StripeObject, at: number): void {
      if (object.id === undefined) return
      objects.set(object.id, object)
      if (PAPERS.has(object.object)) kept.push({ id: object.id, at })
    },
    /** As papers from now on. */
    retire(ids: readonly string[], at: number): void {
      kept.push(...ids.map((id) => ({ id, at })))
    },
    forget(now: number): void {
      let old = 0
      while (old < kept.length && kept[old]!.at < now - PAPERS_KEPT_MS) objects.delete(kept[old++]!.id)
      if (old > 0) kept.splice(0, old)
    },
  }
}
