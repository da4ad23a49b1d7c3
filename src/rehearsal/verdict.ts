import type { DeadReason, DoneReason, ErrorNote, Outcome } from '../core/outcome.ts'

/** How an event went in the rehearsal: one attempt, as there is nobody to try again for. */
export interface Rehearsed {
  readonly outcome: 'worked' | 'unhandled' | 'failed' | 'put-off' | 'lost'
  readonly error: ErrorNote | null
}

export type Verdict = 'same' | 'regression' | 'mend' | 'unknown'

/** The reasons of events that handlers decided: what persons ended, and twins, are not rehearsed. */
export const REHEARSABLE: readonly (DoneReason | DeadReason)[] = [
  ...(['worked', 'unhandled'] as const),
  ...(['exhausted', 'refused', 'lost', 'waited'] as const),
]

export function rehearsedAs(outcome: Outcome): Rehearsed {
  if (outcome.kind === 'done') return { outcome: outcome.reason === 'unhandled' ? 'unhandled' : 'worked', error: null }
  return { outcome: outcome.kind === 'wait' ? 'put-off' : 'failed', error: outcome.error }
}

/**
 * | recorded | worked now | unhandled now | fails now | put off now |
 * |---|---|---|---|---|
 * | worked | same | regression | regression | unknown |
 * | unhandled | mend | same | regression | unknown |
 * | dead | mend | unknown | same | unknown |
 *
 * What met something that a rehearsal does not do is unknown, whatever came of it.
 */
export function judge(recorded: DoneReason | DeadReason, now: Rehearsed['outcome'], met: string | null): Verdict {
  if (met !== null || now === 'put-off') return 'unknown'
  const failed = now === 'failed' || now === 'lost'
  if (recorded === 'worked') return now === 'worked' ? 'same' : 'regression'
  if (recorded === 'unhandled') return now === 'unhandled' ? 'same' : failed ? 'regression' : 'mend'
  return failed ? 'same' : now === 'worked' ? 'mend' : 'unknown'
}
