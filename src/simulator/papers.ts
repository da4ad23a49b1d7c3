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
  'line_item',
  'mandate',
  'payment_intent',
  'payout',
  'quote',
  'radar.early_fraud_warning',
  'refund',
  'setup_intent',
  'transfer',
])

/** Where an object is, and when. */
export interface Place {
  readonly account: string
  readonly at: number
}

/** Hears of every object that is kept, with null of one that is let go. */
export type Notice = (id: string, object: StripeObject | null, place: Place) => void

/** Which objects are kept for good and which for a time, so that a merchant of years takes no more memory than one of months. */
export function createPapers(notice: Notice) {
  const objects = new Map<string, StripeObject>()
  const papers: (Place & { readonly id: string })[] = []
  const keep = (id: string, object: StripeObject, place: Place) => {
    objects.set(id, object)
    notice(id, object, place)
  }
  const drop = (id: string, place: Place) => {
    if (objects.delete(id)) notice(id, null, place)
  }
  return {
    objects: objects as ReadonlyMap<string, StripeObject>,
    keep,
    add(object: StripeObject, place: Place): void {
      if (object.id === undefined) return
      keep(object.id, object, place)
      if (PAPERS.has(object.object)) papers.push({ ...place, id: object.id })
    },
    /** As papers from now on. */
    retire(ids: readonly string[], place: Place): void {
      papers.push(...ids.map((id) => ({ ...place, id })))
    },
    drop,
    forget(now: number): void {
      let old = 0
      while (old < papers.length && papers[old]!.at < now - PAPERS_KEPT_MS) {
        const { account, id } = papers[old++]!
        drop(id, { account, at: now })
      }
      if (old > 0) papers.splice(0, old)
    },
  }
}
