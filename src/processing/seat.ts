import { failure } from '../core/errors.ts'
import type { Running } from './running.ts'
import type { Turn } from './turn.ts'

/** From where a context acts: one turn of one leased event. */
export interface Seat {
  readonly running: Running
  readonly turn: Turn
  /** All other handlers of the event are done. */
  readonly last: boolean
}

/** Refused once the turn is over: what a handler that was left behind still begins must not count for the attempt after it. */
export function assertOurs({ running, turn }: Seat): void {
  if (turn.over || running.over) throw failure('stale_lease', { fence: running.work.fence })
}
