import type { Random } from './random.ts'

/** When a failed attempt is made again. `attempts` counts all of them, the first included. */
export interface RetryPolicy {
  readonly attempts: number
  readonly baseMs: number
  readonly factor: number
  readonly maxMs: number
}

/**
 * Full jitter: each delay is a random share of its ceiling, so that a thousand events that failed together come back apart.
 *
 * | after attempt | ceiling | ceilings so far |
 * |--:|--:|--:|
 * | 1 | 10 s | 10 s |
 * | 2 | 40 s | 50 s |
 * | 3 | 2 min 40 s | 3 min 30 s |
 * | 4 | 10 min 40 s | 14 min 10 s |
 * | 5 | 42 min 40 s | 56 min 50 s |
 * | 6 | 2 h 50 min 40 s | 3 h 47 min 30 s |
 * | 7 to 14 | 6 h | 51 h 47 min 30 s |
 * | 15 | dead, `exhausted` | |
 */
export const defaultRetry: RetryPolicy = { attempts: 15, baseMs: 10_000, factor: 4, maxMs: 6 * 3_600_000 }

/** The delay after attempt `attempt` (1 is the first), or null when no attempt is left. */
export function backoff(policy: RetryPolicy, attempt: number, random: Random): number | null {
  if (attempt >= policy.attempts) return null
  return Math.round(random() * ceiling(policy, attempt))
}

export const ceiling = (policy: RetryPolicy, attempt: number): number =>
  Math.min(policy.maxMs, policy.baseMs * policy.factor ** (attempt - 1))
