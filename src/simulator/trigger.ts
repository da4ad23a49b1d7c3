import type { Random } from '../core/random.ts'
import { kindOf } from '../stripe/kinds.ts'
import { DAY } from './calendar.ts'
import { API_VERSION, type SimulatedEvent, simulatedEvent } from './event.ts'
import { createIds, type Ids } from './ids.ts'
import { ACCOUNT, createMerchant } from './merchant.ts'
import { SAMPLES } from './objects/samples.ts'
import { likeOf, sampled } from './sampled.ts'
import type { ApiShape, Fields } from './shape.ts'
import type { Business } from './shop.ts'

/**
 * One event of a type, as if it happened at `at`. For a type that the merchant makes it is a real one, out of a busy two
 * months of a small merchant that end at `at`, so all that it names fits together. Otherwise it is a sample: the right kind of
 * object with an id of the right form, and the fields that matter.
 */
export function makeEvent(type: string, random: Random, at: number): SimulatedEvent {
  const ids = createIds(random, ACCOUNT)
  const made = SAMPLES.has(kindOf(type)) ? null : livedThrough(type, random, at, ids)
  if (!made) return sampled(type, { at, ids, customer: null })
  const { object, previous_attributes: previous = null } = made.json['data'] as Lived
  const told = { at, object, previous, account: made.account, request: null, livemode: false, apiVersion: API_VERSION }
  return simulatedEvent({ id: ids.make('evt', at), type, ...told })
}

interface Lived {
  readonly [key: string]: Fields
  readonly object: Fields
}

function livedThrough(type: string, random: Random, at: number, ids: Ids): SimulatedEvent | null {
  const events = busyMonths(Math.floor(random() * 2 ** 32), at)
  return events.findLast((event) => event.type === type) ?? likeOf(type, events, ids)
}

export const LIVED_MS = 62 * DAY

/** What happened to a small merchant with all troubles in the two months before `untilAt`. */
export const busyMonths = (seed: number, untilAt: number, apiVersion: ApiShape = 'current'): SimulatedEvent[] =>
  createMerchant({ seed, startAt: untilAt - LIVED_MS, business: BUSY, apiVersion }).advance(untilAt)

// Enough of everything that two months hold nearly every type that a merchant makes.
const BUSY: Partial<Business> = {
  customers: 80,
  growthPerDay: 2,
  trialShare: 0.4,
  failureShare: 0.3,
  recoveryShare: 0.4,
  unpaidShare: 0.3,
  challengeShare: 0.2,
  placelessShare: 0.1,
  cardlessShare: 0.3,
  debitShare: 0.4,
  companyShare: 0.2,
  changeShare: 0.2,
  cancelShare: 0.08,
  refundShare: 0.15,
  disputeShare: 0.15,
  detailsShare: 0.1,
  rebateShare: 0.1,
  downgradeShare: 0.1,
  pauseShare: 0.05,
  newsPerDay: 0.5,
  connectedAccounts: 2,
}
