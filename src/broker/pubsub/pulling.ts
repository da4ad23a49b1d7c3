import type { Clock } from '../../core/clock.ts'
import type { Calls } from './calls.ts'
import type { Pulled } from './wire.ts'

/** For as long one pull goes on: the wait for a first message, and the way of some large ones. */
const PULL_MS = 15_000
/** What came for nobody is held for the next receive as long as that, which is short beside any loan. */
const HOLD_MS = 500

interface Pull {
  readonly max: number
  readonly coming: Promise<readonly Pulled[]>
  came: readonly Pulled[] | null
}

/**
 * Pulls for receives that may end sooner: Google cannot be told how long to wait, and a pull that is broken off takes along what
 * was on its way. So it goes on, and the next receive has it; what it brings for nobody is given back.
 */
export class Pulls {
  readonly #calls: Calls
  readonly #clock: Clock
  readonly #left = new Set<Pull>()

  constructor({ calls, clock }: { calls: Calls; clock: Clock }) {
    this.#calls = calls
    this.#clock = clock
  }

  /** Empty when the wait is over, when the signal aborts, or when Google has waited for long enough. */
  async pull({ max, waitMs }: { max: number; waitMs: number }, signal: AbortSignal): Promise<readonly Pulled[]> {
    if (signal.aborted) return []
    const pull = this.#take(max) ?? this.#begin(max)
    const { over, cancel } = this.#wait(waitMs, signal)
    const came = await Promise.race([pull.coming, over]).finally(cancel)
    if (came === null) this.#leave(pull)
    return came ?? []
  }

  /** What has come and nobody had: to be given back. */
  close(): string[] {
    const held = [...this.#left].flatMap(({ came }) => came ?? [])
    this.#left.clear()
    return held.map(ackIdOf)
  }

  #begin(max: number): Pull {
    const pull: Pull = { max, came: null, coming: this.#calls.pull(max, PULL_MS) }
    pull.coming.then(
      (came) => (pull.came = came),
      () => this.#left.delete(pull),
    )
    return pull
  }

  #take(max: number): Pull | null {
    for (const pull of this.#left) {
      if (pull.max > max) continue
      this.#left.delete(pull)
      return pull
    }
    return null
  }

  #leave(pull: Pull): void {
    this.#left.add(pull)
    pull.coming.then(
      () => this.#clock.after(HOLD_MS, () => this.#giveBack(pull)),
      () => this.#left.delete(pull),
    )
  }

  #giveBack(pull: Pull): void {
    if (!this.#left.delete(pull) || !pull.came?.length) return
    // Otherwise it comes again when its loan is over.
    this.#calls.extend(pull.came.map(ackIdOf), 0).catch(() => {})
  }

  #wait(ms: number, signal: AbortSignal): { over: Promise<null>; cancel: () => void } {
    let cancel = () => {}
    const over = new Promise<null>((resolve) => {
      const end = () => resolve(null)
      const stop = this.#clock.after(ms, end)
      signal.addEventListener('abort', end, { once: true })
      cancel = () => {
        stop()
        signal.removeEventListener('abort', end)
      }
    })
    return { over, cancel }
  }
}

export const ackIdOf = ({ ackId }: Pulled): string => ackId ?? ''
