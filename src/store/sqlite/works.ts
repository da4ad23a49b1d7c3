import type { Event } from '../../core/event.ts'
import type { Work } from '../store.ts'
import type { Place } from './arrivals/place.ts'
import { type FactsRow, fromFacts, toFacts } from './envelopes.ts'
import type { Leasing } from './lease.ts'

/** Leased work as a row. Its event is null where whoever took it still has it; with a place its body is there, and not in the freight. */
export type WorkRow = readonly [
  ref: number,
  fence: number,
  event: FactsRow | null,
  place: Place | null,
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
export const toWorkRow = ({ ref, fence, event, place, held, lane, attempt, lost, waitedMs, laterMs, twinOf, stale, remembered }: Leasing): WorkRow =>
  [ref, fence, held ? null : toFacts(event), place ?? null, lane, attempt, lost, waitedMs, laterMs, twinOf, stale, remembered]

export interface Events {
  event(place: Place): Event
  body(place: Place): Uint8Array
}

export function fromWorkRow(row: WorkRow, events: Events, body: () => Uint8Array): Work {
  const [ref, fence, facts, place, lane, attempt, lost, waitedMs, laterMs, twinOf, stale, remembered] = row
  return {
    ref,
    fence,
    event: facts ? fromFacts(facts, place === null ? body() : events.body(place)) : events.event(place!),
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
