/** So many events a second on average, and at most `burst` at once after a rest (default: those of one second). In one process. */
export interface Rate {
  /** Null: no limit. */
  readonly perSecond: number | null
  readonly burst?: number | null
}

/** A short wait is not worth a lease of its own: by then so much of a second's events may go. */
const HANDFUL_S = 0.01

/** Tokens that come back with time. Whoever has none to give is not asked for, so nothing is turned away and nothing waits in it. */
export class Bucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at = Number.NEGATIVE_INFINITY

  constructor(perSecond: number, burst: number | null = null) {
    this.#perSecond = perSecond
    this.#burst = burst ?? Math.max(1, Math.ceil(perSecond))
    this.#tokens = this.#burst
  }

  /** How many events may begin now. */
  room(now: number): number {
    this.#fill(now)
    // Sums of tenths and thirds end a hair below the whole.
    return Math.max(0, Math.floor(this.#tokens + 1e-6))
  }

  /** Also where there was no room: what runs anyway is paid for by those that come after it. */
  take(now: number): void {
    this.#fill(now)
    this.#tokens--
  }

  /** How long until a handful of events may begin; 0 where one may now. */
  waitMs(now: number): number {
    if (this.room(now) > 0) return 0
    const handful = Math.max(1, Math.min(this.#burst, Math.floor(this.#perSecond * HANDFUL_S)))
    return Math.ceil(((handful - this.#tokens) / this.#perSecond) * 1_000)
  }

  #fill(now: number): void {
    const passedMs = Math.max(0, now - this.#at)
    this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs * this.#perSecond) / 1_000)
    this.#at = now
  }
}
