import type { Random } from '../core/random.ts'
import { HOUR, MINUTE } from './calendar.ts'
import { type SimulatedEvent, twinOf } from './event.ts'
import { createIds } from './ids.ts'

/**
 * | fault | what happens |
 * |---|---|
 * | late | leaves up to an hour after it happened |
 * | shuffled | leaves up to two seconds after, so that neighbours change places |
 * | doubled | the same event comes twice |
 * | twin | a second event of the same change comes, with an id of its own |
 * | burst | nothing leaves for ten minutes, then all of it at once |
 * | torn | the body ends early; the whole event comes again |
 * | forged | signed by nobody who may; the event comes again, signed as it should be |
 * | dropped | never delivered, though Stripe's list of events holds it |
 * | ungenerated | Stripe fails to make the event: neither delivered nor listed |
 */
export const FAULTS = [
  'late',
  'shuffled',
  'doubled',
  'twin',
  'burst',
  'torn',
  'forged',
  'dropped',
  'ungenerated',
] as const
export type Fault = (typeof FAULTS)[number]

/** Of a hundred events as a share, how many meet each fault; for `burst`, of a hundred windows of time. */
export type FaultRates = Readonly<Record<Fault, number>>

export const noFaults: FaultRates = {
  late: 0,
  shuffled: 0,
  doubled: 0,
  twin: 0,
  burst: 0,
  torn: 0,
  forged: 0,
  dropped: 0,
  ungenerated: 0,
}
/** More trouble than Stripe makes in a year, in every minute. Nothing is lost and nothing has two ids: what is sent can all be checked. */
export const unruly: FaultRates = { ...noFaults, late: 0.02, shuffled: 0.3, doubled: 0.05, torn: 0.01, forged: 0.01 }

const SHARE = 0.02

/** Faults by name, each with a share or the usual one: `late,twin=0.1`. Throws with the name that is none. */
export function ratesOf(list: string): FaultRates {
  const rates: Record<Fault, number> = { ...noFaults }
  for (const wish of list.split(',')) {
    const [name = '', share] = wish.trim().split('=')
    const fault = FAULTS.find((one) => one === name)
    const rate = share === undefined ? unruly[fault ?? 'late'] || SHARE : Number(share)
    if (!fault) throw new Error(`${name} is no fault: there are ${FAULTS.join(', ')}`)
    if (!(rate >= 0 && rate <= 1)) throw new Error(`${share} is no share of ${name}: it is between 0 and 1`)
    rates[fault] = rate
  }
  return rates
}

/**
 * One request to be made. A `torn` body ends early, a `forged` one is whole but signed by nobody; what is `dropped` or
 * `ungenerated` is never sent.
 */
export interface Delivery {
  readonly kind: 'good' | 'torn' | 'forged' | 'dropped' | 'ungenerated'
  /** When it leaves, on the merchant's clock. */
  readonly at: number
  readonly event: SimulatedEvent
  readonly body: Uint8Array
  /** What was done to this event on its way. */
  readonly faults: readonly Fault[]
  /** The id of the event that tells of the same change, where this is its twin. */
  readonly twinOf?: string
}

/** How far the faults reach. */
export interface FaultReach {
  readonly lateMaxMs: number
  readonly shuffleMs: number
  readonly doubledWithinMs: number
  readonly burstMs: number
  /** After a torn or forged delivery was refused, Stripe would send the event again: after this long. */
  readonly redeliveryMs: number
}

export const defaultReach: FaultReach = {
  lateMaxMs: HOUR,
  shuffleMs: 2_000,
  doubledWithinMs: 10_000,
  burstMs: 10 * MINUTE,
  redeliveryMs: 5 * MINUTE,
}

/** An event once, whole, when it happened. */
export const prompt = (event: SimulatedEvent): Delivery => ({
  kind: 'good',
  at: event.at,
  event,
  body: event.body,
  faults: [],
})

export const punctual = (events: readonly SimulatedEvent[]): Delivery[] => events.map(prompt)

/**
 * The same deliveries on a bad day, in the order in which they leave. Every event has a good delivery in the end unless it is
 * dropped or never made: what a receiver then lacks, it lost itself. The same random numbers give the same day.
 */
export function withFaults(
  deliveries: readonly Delivery[],
  rates: FaultRates,
  random: Random,
  reach: FaultReach = defaultReach,
): Delivery[] {
  return deliveries.flatMap(spoiler(rates, random, reach)).sort((one, other) => one.at - other.at)
}

/** What becomes of one delivery, all its copies; to be asked in the order in which events happen. */
export function spoiler(
  rates: FaultRates,
  random: Random,
  reach: FaultReach = defaultReach,
): (delivery: Delivery) => Delivery[] {
  const held = createHolds(rates.burst, random, reach.burstMs)
  const ids = createIds(random, '')
  return (delivery) => {
    const burstAt = held(delivery.at)
    const faults = FAULTS.filter((fault) => (fault === 'burst' ? burstAt !== null : random() < rates[fault]))
    const lost = faults.find((fault) => fault === 'dropped' || fault === 'ungenerated')
    if (lost) return [{ ...delivery, kind: lost, faults: [lost] }]
    return copies({ ...delivery, at: burstAt ?? delivery.at, faults }, random, reach, () =>
      ids.make('evt', delivery.at),
    )
  }
}

function copies(delivery: Delivery, random: Random, reach: FaultReach, twinId: () => string): Delivery[] {
  const { event, faults } = delivery
  let { at } = delivery
  if (faults.includes('late')) at += Math.ceil(random() * reach.lateMaxMs)
  if (faults.includes('shuffled')) at += Math.floor(random() * reach.shuffleMs)
  const sent: Delivery[] = []
  if (faults.includes('torn')) {
    sent.push({ ...delivery, kind: 'torn', at, body: torn(event.body, random) })
    at += reach.redeliveryMs
  }
  if (faults.includes('forged')) {
    sent.push({ ...delivery, kind: 'forged', at })
    at += reach.redeliveryMs
  }
  sent.push({ ...delivery, at })
  const soon = () => at + Math.floor(random() * reach.doubledWithinMs)
  if (faults.includes('doubled')) sent.push({ ...delivery, at: soon() })
  if (faults.includes('twin')) {
    const twin = twinOf(event, twinId())
    sent.push({ ...prompt(twin), at: soon(), faults, twinOf: event.id })
  }
  return sent
}

/** Windows of time whose events wait for the end of it: the answer is that end, or null where nothing waits. */
function createHolds(rate: number, random: Random, windowMs: number): (at: number) => number | null {
  let window = Number.NaN
  let held = false
  return (at) => {
    if (rate === 0) return null
    const own = Math.floor(at / windowMs)
    if (own !== window) held = random() < rate
    window = own
    return held ? (own + 1) * windowMs : null
  }
}

// At least one byte is left and at least one is missing.
const torn = (body: Uint8Array, random: Random): Uint8Array =>
  body.subarray(0, 1 + Math.floor(random() * (body.length - 1)))
