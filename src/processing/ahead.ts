import type { Clock } from '../core/clock.ts'
import type { Running } from './running.ts'

/**
 * Handlers that take less than this on average, with those that they shared the process with, keep a worker waiting for leases; only
 * then is it worth to lease ahead.
 */
const QUICK_MS = 8

/** How many events wait leased for each one worked, at most. */
const AHEAD_FACTOR = 7

/** After so many attempts the average says something. */
const SAMPLES_MIN = 100

/** What has waited so long goes back: its handlers have become slow, and its lease is running. */
const AHEAD_MAX_MS = 1_000

/**
 * Events leased beyond what is worked at once. A lease costs a commit, so with handlers that do little a worker would spend its
 * time waiting for the next one; with slow ones nothing is leased ahead, for it would only keep others from it.
 */
export class Ahead {
  readonly #clock: Clock
  readonly #stale: () => void
  #queue: Running[] = []
  #meanMs = 0
  #samples = 0
  #timed = false

  /** `stale` is told when something has waited too long. */
  constructor(clock: Clock, stale: () => void) {
    this.#clock = clock
    this.#stale = stale
  }

  /** One attempt's handlers took so long. */
  learn(tookMs: number): void {
    this.#samples++
    this.#meanMs += (tookMs - this.#meanMs) / Math.min(this.#samples, SAMPLES_MIN)
  }

  room(concurrency: number): number {
    const quick = this.#samples >= SAMPLES_MIN && this.#meanMs < QUICK_MS
    return quick ? concurrency * AHEAD_FACTOR - this.#queue.length : 0
  }

  get waiting(): number {
    return this.#queue.length
  }

  push(running: Running): void {
    this.#queue.push(running)
    this.#watch()
  }

  next(): Running | undefined {
    return this.#queue.shift()
  }

  all(): readonly Running[] {
    return this.#queue.splice(0)
  }

  #look(): void {
    this.#timed = false
    const [first] = this.#queue
    if (!first) return
    if (this.#clock.now() - first.leasedAt >= AHEAD_MAX_MS) this.#giveUp()
    else this.#watch()
  }

  /** The average knows only what has ended, so it has to be earned anew. */
  #giveUp(): void {
    this.#samples = 0
    this.#meanMs = 0
    this.#stale()
  }

  #watch(): void {
    if (this.#timed) return
    this.#timed = true
    this.#clock.after(AHEAD_MAX_MS, () => this.#look())
  }
}
