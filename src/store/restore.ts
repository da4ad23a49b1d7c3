/** What a ledger says of the back-up that it came out of. */
export interface Restored {
  /** `already`: this was said before, and nothing changed. */
  readonly kind: 'restored' | 'already'
  /** The start since when events that Stripe made before it are held. */
  readonly at: number
  /** How many events were open in the back-up. */
  readonly held: number
}

/** So many starts at once are believed, and one each ten seconds: no supervisor restarts a program more often for long. */
const STARTS_AT_ONCE = 1_000
const START_MS = 10_000

/**
 * How far the epoch has to rise, so that its fences are above all that were given after the back-up and are not in it: the ledger
 * that was lost rose by one with each start of a process, and nobody counted those.
 */
export const epochsSince = ({ from, now }: { from: number; now: number }): number =>
  STARTS_AT_ONCE + Math.ceil(Math.max(0, now - from) / START_MS)

/** Stripe counts in seconds: an event of the second of the start may have been worked before it. */
export const madeBefore = (createdAt: number, restoredAt: number): boolean => createdAt <= restoredAt
