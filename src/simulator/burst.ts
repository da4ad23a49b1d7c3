import { HOUR } from './calendar.ts'
import type { SimulatedEvent } from './event.ts'
import { createMerchant } from './merchant.ts'
import { type Business, calmBusiness } from './shop.ts'

export interface BurstOptions {
  /** How many subscriptions renew. */
  readonly count: number
  readonly seed: number
  /** The instant at which they all do, in milliseconds. */
  readonly at: number
  readonly business?: Partial<Business>
}

/**
 * A renewal batch: so many subscriptions begin a new period in the same second (two events each), and an hour later their
 * invoices are finalised and paid within five minutes (ten events each). Nobody comes, leaves or fails to pay.
 */
export function burst({ count, seed, at, business }: BurstOptions): SimulatedEvent[] {
  const batch = { ...calmBusiness, ...business, customers: count, renewalAt: at }
  return createMerchant({ seed, startAt: at - HOUR, business: batch }).advance(at + 2 * HOUR)
}
