import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import { busy, type Lock, LockLost, LockUnavailable } from '../lock/lock.ts'
import type { Running } from './running.ts'

/** Locks around the work of lanes, and what is done while they cannot be had. */
export interface LaneLocks extends Pick<Lock, 'hold'> {
  /** `wait`: nothing is worked. `fence-only`: all is worked; what is written is as safe, what is sent may go out twice. */
  readonly whenLost?: 'wait' | 'fence-only'
}

/** The handlers have not run to their end: it comes again after that time, and no attempt is counted. */
export interface NotTried {
  readonly delayMs: number
}

/** One holder at a time around the side effects of a lane. Never what makes a write safe: that is the fence. */
export class LaneLock {
  readonly #locks: LaneLocks
  readonly #clock: Clock
  readonly #log: Logger
  #away = false

  constructor(locks: LaneLocks, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#locks = locks
    this.#clock = clock
    this.#log = log
  }

  async around<V>(running: Running, work: () => Promise<V>): Promise<V | NotTried> {
    const ttlMs = Math.max(TTL_MIN_MS, running.leaseEndsAt - this.#clock.now())
    let begun = false
    const held = (signal: AbortSignal): Promise<V> => {
      begun = true
      this.#awayIs(false)
      signal.addEventListener('abort', () => this.#lost(running, signal.reason), { once: true })
      return work()
    }
    try {
      const answer = await this.#locks.hold(`lane:${running.work.lane}`, ttlMs, held)
      return answer === busy ? { delayMs: BUSY_MS } : answer
    } catch (error) {
      if (begun || !(error instanceof LockUnavailable)) throw error
      this.#awayIs(true)
      if (this.#locks.whenLost === 'fence-only') return work()
      // The place stays taken meanwhile, so that the ledger is not asked for all that waits again and again.
      await new Promise<void>((resolve) => void this.#clock.after(AWAY_MS, resolve))
      return { delayMs: AWAY_MS }
    }
  }

  /** One that was not renewed in time is as good as unavailable; one that is somebody else's ends the attempt. */
  #lost(running: Running, reason: unknown): void {
    if (this.#locks.whenLost === 'fence-only' && reason instanceof LockLost && !reason.taken) return
    running.end(reason)
  }

  #awayIs(away: boolean): void {
    if (this.#away === away) return
    this.#away = away
    const instead = this.#locks.whenLost === 'fence-only' ? 'events are worked without' : 'events wait'
    if (away) this.#log.error({}, `locks cannot be had: ${instead}`)
    else this.#log.info({}, 'locks can be had again')
  }
}

/** How long a busy lane's event waits before it is tried again. */
const BUSY_MS = 1_000

/** How long an event is kept, and then put off, while locks cannot be had. */
const AWAY_MS = 1_000

/** Even a lease that is nearly over is worked under a lock that can be renewed. */
const TTL_MIN_MS = 1_000
