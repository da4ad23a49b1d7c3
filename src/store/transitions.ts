import type { DeadReason, DoneReason, Outcome, State } from '../core/outcome.ts'
import type { Settled } from './store.ts'

/**
 * The life of one row, as pure functions: what a lease, a settle, a crash or an operator makes of it. Every store applies
 * these and nothing else, and a checker walks all their interleavings. Null means: refused, nothing changed.
 */
export interface Row {
  readonly state: State
  /** The last fence given; 0 before the first lease. */
  readonly fence: number
  readonly attempts: number
  /** Leases in a row that ran out. */
  readonly lost: number
  /** Waiting: not to be leased before. */
  readonly dueAt: number
  /** Running: when the lease runs out. */
  readonly leaseEndsAt: number
  /** When `Later` was first asked for; 0 when it was not. */
  readonly laterAt: number
  readonly reason: DoneReason | DeadReason | null
}

export const fresh = (now: number): Row => ({
  state: 'waiting',
  fence: 0,
  attempts: 0,
  lost: 0,
  dueAt: now,
  leaseEndsAt: 0,
  laterAt: 0,
  reason: null,
})

/** The id is the identity: whatever state its row is in, the same id again is a repeat. */
export const admitted = (row: Row | null): 'new' | 'repeat' => (row ? 'repeat' : 'new')

/** `laneBusy`: another event of the lane is running. A fence never goes back, so a late waker can be told apart for ever. */
export function lease(row: Row, lease: { fence: number; now: number; leaseMs: number; laneBusy: boolean }): Row | null {
  if (row.state !== 'waiting' || row.dueAt > lease.now || lease.laneBusy || lease.fence <= row.fence) return null
  return {
    ...row,
    state: 'running',
    fence: lease.fence,
    attempts: row.attempts + 1,
    leaseEndsAt: lease.now + lease.leaseMs,
  }
}

/** A lease is somebody's while it bears the row's fence and has not run out, whether or not anybody noticed that it did. */
export const owns = (row: Row, fence: number, now: number): boolean =>
  row.state === 'running' && row.fence === fence && now < row.leaseEndsAt

export function settle(
  row: Row,
  end: { fence: number; now: number; outcome: Outcome },
): { row: Row; settled: Settled } {
  if (row.state === 'done' && row.fence === end.fence && row.reason === 'worked') return { row, settled: 'already' }
  if (!owns(row, end.fence, end.now)) return { row, settled: 'stale' }
  return { row: ended(row, end.outcome, end.now), settled: 'settled' }
}

function ended(row: Row, outcome: Outcome, now: number): Row {
  const settled = { ...row, lost: 0, leaseEndsAt: 0 }
  switch (outcome.kind) {
    case 'done':
      return { ...settled, state: 'done', reason: outcome.reason }
    case 'dead':
      return { ...settled, state: 'dead', reason: outcome.reason }
    case 'retry':
      return { ...settled, state: 'waiting', dueAt: now + outcome.delayMs }
    case 'wait':
      return {
        ...settled,
        state: 'waiting',
        dueAt: now + outcome.delayMs,
        attempts: row.attempts - 1,
        laterAt: row.laterAt || now,
      }
  }
}

/** A lease that ran out is an attempt lost: it stays counted, and the row may be leased again at once. */
export function expire(row: Row, now: number): Row | null {
  return row.state === 'running' && row.leaseEndsAt <= now ? lose(row, now) : null
}

/** What a boot does to every lease that an earlier process left behind. */
export function lose(row: Row, now: number): Row | null {
  if (row.state !== 'running') return null
  return { ...row, state: 'waiting', lost: row.lost + 1, dueAt: now, leaseEndsAt: 0 }
}

/** As if the lease had never been: the attempt is uncounted. */
export function giveBack(row: Row, back: { fence: number; now: number; delayMs: number }): Row | null {
  if (!owns(row, back.fence, back.now)) return null
  // Who has it next may have a clock that is behind: without a delay it was due before, and still is.
  const dueAt = back.delayMs > 0 ? back.now + back.delayMs : row.dueAt
  return { ...row, state: 'waiting', attempts: row.attempts - 1, dueAt, leaseEndsAt: 0 }
}

export function renew(row: Row, more: { fence: number; now: number; leaseMs: number }): Row | null {
  return owns(row, more.fence, more.now) ? { ...row, leaseEndsAt: more.now + more.leaseMs } : null
}

/** Starts anew; the fence stays, so that nobody of the life before can settle. A running row is left alone. */
export function reopen(row: Row, now: number): Row | null {
  if (row.state === 'running') return null
  return { ...row, state: 'waiting', attempts: 0, lost: 0, dueAt: now, laterAt: 0, reason: null }
}

/** What an operator ends without working it. */
export function close(row: Row, reason: 'discarded' | 'recorded' | 'quarantined'): Row | null {
  if (row.state === 'running' || row.state === 'done') return null
  return { ...row, state: reason === 'quarantined' ? 'dead' : 'done', reason, leaseEndsAt: 0 }
}
