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
  const found = merchantEvents(seed).filter(({ type }) => patterns.some((pattern) => matches(pattern, type)))
  const chosen = richest(found).flatMap(spread)
  const events = chosen.toSorted((one, other) => one.at - other.at).map(({ json }) => json as unknown as Stripe.Event)
  const types = new Set(events.map(({ type }) => type as string))
  const others = patterns.filter((pattern) => !pattern.includes('*') && !types.has(pattern))
  return [...events, ...others.flatMap((type) => [fixture(type), fixture(type)])] as Stripe.Event[]
}

/** Busy customers, and the older order of events in which a subscription is made and becomes active within one second. */
function merchantEvents(seed: number): readonly SimulatedEvent[] {
  if (lived?.seed === seed) return lived.events
  const business = { customers: 6, growthPerDay: 0.5, trialShare: 0.3, failureShare: 0.3, changeShare: 0.5 }
  const ends = { cancelShare: 0.3, refundShare: 0.2, incompleteFirst: true }
  const merchant = createMerchant({ seed, startAt: START_AT, business: { ...business, ...ends } })
  lived = { seed, events: merchant.advance(START_AT + DAYS * DAY) }
  return lived.events
}

/** Proofs of one seed follow each other, and a life takes longer than a pass. */
let lived: { readonly seed: number; readonly events: readonly SimulatedEvent[] } | null = null

function richest(events: readonly SimulatedEvent[]): SimulatedEvent[][] {
  const byCustomer = Map.groupBy(events, ({ customer }) => customer ?? '')
  const worth = (list: readonly SimulatedEvent[]) => new Set(list.map(({ type }) => type)).size * 100 + list.length
  return [...byCustomer.values()].toSorted((one, other) => worth(other) - worth(one)).slice(0, CUSTOMERS_MAX)
}

/** One of each type, as the customer met them first; then, while there is room, what follows. */
function spread(events: readonly SimulatedEvent[]): SimulatedEvent[] {
  const first = events.filter((event, n) => events.findIndex(({ type }) => type === event.type) === n)
  const rest = events.filter((event) => !first.includes(event))
  return [...first, ...rest].slice(0, EVENTS_EACH_MAX)
}
