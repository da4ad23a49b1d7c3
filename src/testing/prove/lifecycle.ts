import type Stripe from 'stripe'
import { matches } from '../../core/event.ts'
import { DAY } from '../../simulator/calendar.ts'
import type { SimulatedEvent } from '../../simulator/event.ts'
import { createMerchant } from '../../simulator/merchant.ts'
import { fixture } from '../fixture.ts'

const START_AT = Date.UTC(2026, 0, 1)
const DAYS = 100
const CUSTOMERS_MAX = 2
const EVENTS_EACH_MAX = 4

/**
 * Some customers' lives as far as these patterns see them: few events, of as many types as there are, in the order in which they
 * happened. For types that the simulated merchant does not make, two bare events each.
 */
export function lifecycle(patterns: readonly string[], seed: number): Stripe.Event[] {
  const chosen = lives(patterns, seed).flatMap(spread)
  const events = chosen.toSorted((one, other) => one.at - other.at).map(({ json }) => json as unknown as Stripe.Event)
  const types = new Set(events.map(({ type }) => type as string))
  const others = patterns.filter((pattern) => !pattern.includes('*') && !types.has(pattern))
  return [...events, ...others.flatMap((type) => [fixture(type), fixture(type)])] as Stripe.Event[]
}

/** Of the first merchant with a customer who met all that is asked for by name; of the last one tried, where none has. */
function lives(patterns: readonly string[], seed: number): SimulatedEvent[][] {
  const named = patterns.filter((pattern) => !pattern.includes('*'))
  for (let merchant = 0; ; merchant++) {
    const events = merchantEvents(seed + merchant * NEXT_SEED)
    const found = richest(events.filter(({ type }) => patterns.some((pattern) => matches(pattern, type))))
    const met = new Set(found[0]?.map(({ type }) => type))
    if (merchant === MERCHANTS_MAX - 1 || named.every((type) => met.has(type))) return found
  }
}

const MERCHANTS_MAX = 3
const NEXT_SEED = 7_919

/** Busy customers, and the older order of events in which a subscription is made and becomes active within one second. */
function merchantEvents(seed: number): readonly SimulatedEvent[] {
  const known = lived.get(seed)
  if (known) return known
  const business = { customers: 6, growthPerDay: 0.5, trialShare: 0.3, failureShare: 0.5, changeShare: 0.5 }
  const ends = { cancelShare: 0.3, refundShare: 0.2, incompleteFirst: true }
  const merchant = createMerchant({ seed, startAt: START_AT, business: { ...business, ...ends } })
  const events = merchant.advance(START_AT + DAYS * DAY)
  if (lived.size >= MERCHANTS_MAX) lived.clear()
  lived.set(seed, events)
  return events
}

/** Proofs of one seed follow each other, and a life takes longer than a pass. */
const lived = new Map<number, readonly SimulatedEvent[]>()

function richest(events: readonly SimulatedEvent[]): SimulatedEvent[][] {
  const byCustomer = Map.groupBy(events, ({ customer }) => customer)
  // Payouts, balances and the like: nobody's life.
  byCustomer.delete(null)
  const worth = (list: readonly SimulatedEvent[]) => new Set(list.map(({ type }) => type)).size * 100 + list.length
  return [...byCustomer.values()].toSorted((one, other) => worth(other) - worth(one)).slice(0, CUSTOMERS_MAX)
}

/** One of each type, as the customer met them first; then, while there is room, what follows. */
function spread(events: readonly SimulatedEvent[]): SimulatedEvent[] {
  const first = events.filter((event, n) => events.findIndex(({ type }) => type === event.type) === n)
  const rest = events.filter((event) => !first.includes(event))
  return [...first, ...rest].slice(0, EVENTS_EACH_MAX)
}
