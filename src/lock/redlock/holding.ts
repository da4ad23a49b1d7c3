import type { Clock } from '../../core/clock.ts'
import { LockLost } from '../lock.ts'
import type { Handle, Votes } from './votes.ts'

export interface HoldingOptions {
  readonly votes: Votes
  readonly handle: Handle
  readonly ttlMs: number
  /** When it was asked for, by `elapsed`. */
  readonly askedAt: number
  readonly clock: Clock
}

/**
 * A lock while it is held: renewed when half of its time is left, and tried again at half of what is left then. It is lost when a
 * quorum says that it is not ours, or when its time is over, whatever the nodes may still answer.
 */
export class Holding {
  readonly #options: HoldingOptions
  readonly #lost = new AbortController()
  #handle: Handle
  /** By `elapsed`; the clock of the machine may be set. */
  #untilAt = 0
  #ended = false
  #renewing: Promise<void> | null = null
  #cancel: (() => void)[] = []

  constructor(options: HoldingOptions) {
    this.#options = options
    this.#handle = options.handle
    this.#counts(options.askedAt)
  }

  /** Aborts with a `LockLost`. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  lose(why: string, taken = false): void {
    this.#stop()
    if (!this.#lost.signal.aborted) this.#lost.abort(new LockLost(why, taken))
  }

  /** Renews no more and releases. Resolves when the nodes have heard, or cannot. */
  async end(): Promise<void> {
    this.#ended = true
    this.#stop()
    // A renewal that overtook the release would be refused; waiting for it spares the nodes that.
    await this.#renewing
    await this.#options.votes.release(this.#handle)
  }

  #counts(askedAt: number): void {
    const { votes, ttlMs } = this.#options
    this.#untilAt = askedAt + votes.countsMs(ttlMs)
    this.#plan()
  }

  #plan(): void {
    this.#stop()
    const { clock } = this.#options
    const leftMs = this.#untilAt - elapsed()
    if (leftMs <= 0) return this.lose('the lock could not be renewed in time')
    const renew = () => {
      this.#renewing ??= this.#renew()
        .catch((error: Error) => this.lose(error.message))
        .finally(() => {
          this.#renewing = null
        })
    }
    this.#cancel = [
      clock.after(Math.max(leftMs / 2, PAUSE_MS), renew),
      clock.after(leftMs, () => this.lose('the lock could not be renewed in time')),
    ]
  }

  async #renew(): Promise<void> {
    const { votes, ttlMs } = this.#options
    const askedAt = elapsed()
    const answer = await votes.extend(this.#handle, ttlMs)
    const late = this.#ended || this.#lost.signal.aborted
    if (typeof answer !== 'string') this.#handle = answer
    if (late) return
    if (answer === 'refused') return this.lose('the nodes say that the lock is no longer ours', true)
    if (typeof answer === 'string') this.#plan()
    else this.#counts(askedAt)
  }

  #stop(): void {
    for (const cancel of this.#cancel.splice(0)) cancel()
  }
}

/** A clock that only goes forward. */
export const elapsed = (): number => performance.now()

/** Between two tries to renew, however little time is left. */
const PAUSE_MS = 10
