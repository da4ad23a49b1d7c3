import type { Event } from '../../core/event.ts'
import type { Work } from '../store.ts'
import type { Place } from './arrivals/place.ts'
import { type FactsRow, fromFacts, toFacts } from './envelopes.ts'
import type { Leasing } from './lease.ts'

/** Leased work as a row. Its event is what it says of itself, or the place where whoever took it still has it. */
export type WorkRow = readonly [
  ref: number,
  fence: number,
  event: FactsRow | Place,
  lane: string,
  attempt: number,
  lost: number,
  waitedMs: number,
  laterMs: number | null,
  twinOf: string | null,
  stale: boolean,
  remembered: Work['remembered'],
]

// biome-ignore format: it is a row
export const toWorkRow = ({ ref, fence, event, place, lane, attempt, lost, waitedMs, laterMs, twinOf, stale, remembered }: Leasing): WorkRow =>
  [ref, fence, place ?? toFacts(event), lane, attempt, lost, waitedMs, laterMs, twinOf, stale, remembered]

export function fromWorkRow(row: WorkRow, eventAt: (place: Place) => Event, body: () => Uint8Array): Work {
  const [ref, fence, event, lane, attempt, lost, waitedMs, laterMs, twinOf, stale, remembered] = row
  return {
    ref,
    fence,
    event: typeof event === 'number' ? eventAt(event) : fromFacts(event, body()),
    lane,
    attempt,
    lost,
    waitedMs,
    laterMs,
    twinOf,
    stale,
    remembered,
  }
}
