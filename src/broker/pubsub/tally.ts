import type { Clock } from '../../core/clock.ts'

/** For as long a process that only appends counts what it appended: it never hears that somebody took it. */
const UNHEARD_MS = 60_000

/** What waits in a subscription, as far as one process can know: Google tells the number by its monitoring alone. */
export class Tally {
  readonly #clock: Clock
  #appended: { at: number; count: number }[] = []
  #waiting = 0
  #receives = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  appended(count: number): void {
    this.#waiting += count
    if (this.#receives || count === 0) return
    this.#forget()
    this.#appended.push({ at: this.#clock.now(), count })
  }

  acknowledged(count: number): void {
    this.#waiting = Math.max(this.#waiting - count, 0)
  }

  /** Something or nothing came of a wait: after nothing there is no more than what is on loan. */
  received(count: number, out: number): void {
    this.#receives = true
    this.#appended = []
    this.#waiting = count === 0 ? out : Math.max(this.#waiting, out)
  }

  get waiting(): number {
    if (this.#receives) return this.#waiting
    this.#forget()
    return this.#appended.reduce((sum, { count }) => sum + count, 0)
  }

  #forget(): void {
    const since = this.#clock.now() - UNHEARD_MS
    while ((this.#appended[0]?.at ?? since) < since) this.#appended.shift()
  }
}
