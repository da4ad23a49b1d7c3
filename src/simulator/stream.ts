import type { Random } from '../core/random.ts'
import { createAgenda } from './agenda.ts'
import { HOUR } from './calendar.ts'
import { type Delivery, type FaultRates, punctual, withFaults } from './faults.ts'
import type { Merchant } from './merchant.ts'

export interface StreamOptions {
  readonly merchant: Merchant
  readonly startAt: number
  /** The merchant's time ends here. */
  readonly untilAt: number
  /** At most so many events. */
  readonly count: number
  readonly faults: FaultRates
  readonly random: Random
  /** Hears of each event as it is made: of all its deliveries, before any leaves. */
  readonly onPlan?: (deliveries: readonly Delivery[]) => void
}

// The merchant's events of one hour are held at most, beside what is late.
const STEP_MS = HOUR

/** What leaves the merchant, in the order in which it leaves, made as it is asked for. */
export function* stream({
  merchant,
  startAt,
  untilAt,
  count,
  faults,
  random,
  onPlan,
}: StreamOptions): Generator<Delivery, void> {
  const leaving = createAgenda<Delivery>()
  let left = count
  for (let madeAt = startAt; left > 0 && madeAt < untilAt; ) {
    const nextAt = merchant.next()
    if (nextAt === null) break
    madeAt = Math.min(untilAt, Math.max(madeAt + STEP_MS, nextAt))
    const events = merchant.advance(madeAt).slice(0, left)
    left -= events.length
    for (const event of events) {
      const planned = withFaults(punctual([event]), faults, random)
      onPlan?.(planned)
      for (const delivery of planned) leaving.note(delivery.at, delivery)
    }
    // No event to come can be delivered before this instant.
    while ((leaving.next() ?? Number.POSITIVE_INFINITY) <= madeAt) yield leaving.take() as Delivery
  }
  while (leaving.size > 0) yield leaving.take() as Delivery
}
