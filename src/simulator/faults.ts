import type { Random } from '../core/random.ts'
import { HOUR, MINUTE } from './calendar.ts'
import type { SimulatedEvent } from './event.ts'

export const FAULTS = ['late', 'shuffled', 'doubled', 'torn', 'forged', 'dropped'] as const
export type Fault = (typeof FAULTS)[number]

/** Of a hundred events as a share, how many meet each fault. */
export type FaultRates = Readonly<Record<Fault, number>>

export const noFaults: FaultRates = { late: 0, shuffled: 0, doubled: 0, torn: 0, forged: 0, dropped: 0 }
/** More trouble than Stripe makes in a year, in every minute. Nothing is dropped: what is sent can all be checked. */
export const unruly: FaultRates = { late: 0.02, shuffled: 0.3, doubled: 0.05, torn: 0.01, forged: 0.01, dropped: 0 }

/** One request to be made. A `torn` body ends early, a `forged` one is whole but signed by nobody, a `dropped` one is never sent. */
export interface Delivery {
  readonly kind: 'good' | 'torn' | 'forged' | 'dropped'
  /** When it leaves, on the merchant's clock. */
  readonly at: number
  readonly event: SimulatedEvent
  readonly body: Uint8Array
  /** What was done to this event on its way. */
  readonly faults: readonly Fault[]
}

/** How far the faults reach. */
export interface FaultReach {
  readonly lateMaxMs: number
  readonly shuffleMs: number
  readonly doubledWithinMs: number
  /** After a torn or forged delivery was refused, Stripe would send the event again: after this long. */
  readonly redeliveryMs: number
}

export const defaultReach: FaultReach = {
  lateMaxMs: HOUR,
  shuffleMs: 2_000,
  doubledWithinMs: 10_000,
  redeliveryMs: 5 * MINUTE,
}

/** Each event once, whole, when it happened. */
export const punctual = (events: readonly SimulatedEvent[]): Delivery[] =>
  events.map((event) => ({ kind: 'good', at: event.at, event, body: event.body, faults: [] }))

/**
 * The same deliveries on a bad day, in the order in which they leave. Every event has a good delivery in the end unless it is
 * dropped: what a receiver then lacks, it lost itself. The same random numbers give the same day.
 */
export function withFaults(
  deliveries: readonly Delivery[],
  rates: FaultRates,
  random: Random,
  reach: FaultReach = defaultReach,
): Delivery[] {
  return deliveries
    .flatMap((delivery) => spoilt(delivery, rates, random, reach))
    .sort((one, other) => one.at - other.at)
}

function spoilt(delivery: Delivery, rates: FaultRates, random: Random, reach: FaultReach): Delivery[] {
  const faults = FAULTS.filter((fault) => random() < rates[fault])
  if (faults.includes('dropped')) return [{ ...delivery, kind: 'dropped', faults: ['dropped'] }]

  let at = delivery.at
  if (faults.includes('late')) at += Math.ceil(random() * reach.lateMaxMs)
  if (faults.includes('shuffled')) at += Math.floor(random() * reach.shuffleMs)
  const sent: Delivery[] = []
  if (faults.includes('torn')) {
    sent.push({ ...delivery, kind: 'torn', at, body: torn(delivery.body, random), faults })
    at += reach.redeliveryMs
  }
  if (faults.includes('forged')) {
    sent.push({ ...delivery, kind: 'forged', at, faults })
    at += reach.redeliveryMs
  }
  sent.push({ ...delivery, at, faults })
  if (faults.includes('doubled'))
    sent.push({ ...delivery, at: at + Math.floor(random() * reach.doubledWithinMs), faults })
  return sent
}

// At least one byte is left and at least one is missing.
const torn = (body: Uint8Array, random: Random): Uint8Array =>
  body.subarray(0, 1 + Math.floor(random() * (body.length - 1)))
