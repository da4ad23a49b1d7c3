import { type Clock, systemClock } from './core/clock.ts'
import { type Random, systemRandom } from './core/random.ts'
import { type Logger, silent } from './core/service.ts'
import type { Lock } from './lock/lock.ts'
import { openRedlock } from './lock/redlock.ts'

export { type Busy, busy, type Lock, type LockFinding, LockLost, LockUnavailable } from './lock/lock.ts'

export interface LockSettings {
  readonly log?: Logger
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * A lock in one Redis, or by a quorum of three and more that do not depend on each other (Redlock), for side effects of your own.
 * Needs the packages `ioredis` and `@sesamecare-oss/redlock`. Rejects with `lock_urls` or `peer_missing`.
 */
export const redlock = (urls: readonly string[], settings: LockSettings = {}): Promise<Lock> =>
  openRedlock({ urls, clock: systemClock, random: systemRandom, log: silent, ...settings })
