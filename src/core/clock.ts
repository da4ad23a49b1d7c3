/** Time as everything in here sees it. Instants are milliseconds since 1970. */
export interface Clock {
  now(): number
  /** Runs once, after `ms`. The answer cancels it; cancelling twice is harmless. A pending timer does not keep the process alive. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    // Node fires a delay over 2^31 ms at once; nothing here waits for 24 days in one piece.
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), 2 ** 31 - 1))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Of this process alone: it only rises, whatever is done to the wall clock. For how long things take, not for when they were. */
export const steadyClock: Clock = { now: () => performance.now(), after: systemClock.after }

/** A clock that stands still until it is told to go: the same seed gives the same run. */
export class VirtualClock implements Clock {
  #now: number
  #order = 0
  #timers: Timer[] = []

  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#now = startAt
  }

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** When the next timer is due, or null when nothing waits. */
  next(): number | null {
    return this.#earliest()?.at ?? null
  }

  /** Moves time on by `ms`, running on the way what falls due, in order; between two timers the microtasks have their turn. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (let timer = this.#earliest(); timer && timer.at <= until; timer = this.#earliest()) {
      this.#timers = this.#timers.filter((other) => other !== timer)
      this.#now = Math.max(this.#now, timer.at)
      timer.run()
      await settled()
    }
    // Somebody else may have moved it further meanwhile.
    this.#now = Math.max(this.#now, until)
    await settled()
  }

  /** Moves time on by `ms` in one stride: whatever falls due on the way runs once, at its end, as after a machine's sleep. */
  async leap(ms: number): Promise<void> {
    this.#now += ms
    await this.advance(0)
  }

  #earliest() {
    return this.#timers.reduce<Timer | undefined>(
      (best, timer) =>
        !best || timer.at < best.at || (timer.at === best.at && timer.order < best.order) ? timer : best,
      undefined,
    )
  }
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Resolves in the next round of the event loop: what one round brings can be done together. */
export const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const BREATHS = 4

/** Resolves when everything that was already promised has run, also what takes a breath before it goes on. */
export async function settled(): Promise<void> {
  for (let n = 0; n < BREATHS; n++) await breath()
}
