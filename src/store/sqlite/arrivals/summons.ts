import type { Clock } from '../../../core/clock.ts'

/** Where nobody waits for what becomes of an event, so much comes together first: waking a thread costs more than an event. */
const PATIENCE_MS = 20

/** Calls the writer, who sleeps and has something to read. */
export class Summons {
  readonly #rouse: () => void
  readonly #clock: Clock
  #hurry = false
  /** Takes back a call that has not gone out. */
  #cancel: (() => void) | null = null

  constructor(clock: Clock, rouse: () => void) {
    this.#clock = clock
    this.#rouse = rouse
  }

  call(): void {
    if (this.#hurry) this.#rouse()
    else this.#cancel ??= this.#clock.after(PATIENCE_MS, () => this.now())
  }

  /** A call that waits goes out. */
  now(): void {
    if (!this.#cancel) return
    this.#cancel()
    this.#cancel = null
    this.#rouse()
  }

  /** From here on nothing waits: events are worked as they come. */
  always(): void {
    this.#hurry = true
    this.now()
  }
}
