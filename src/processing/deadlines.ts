import type { Clock } from '../core/clock.ts'

/** Something that is due at an instant of the clock, unless it is taken off the list before. */
export interface Due {
  readonly dueAt: number
  fall(): void
}

/**
 * Many deadlines, one timer. Nearly every handler returns long before its time-out, so a timer of its own would be set and
 * cleared for nothing; here adding and taking off are a set's. The timer stands at the earliest instant known when it was set.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #list = new Set<Due>()
  #timerAt = Number.POSITIVE_INFINITY
  #cancel: () => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(due: Due): void {
    this.#list.add(due)
    if (due.dueAt < this.#timerAt) this.#arm(due.dueAt)
  }

  delete(due: Due): void {
    this.#list.delete(due)
  }

  #arm(at: number): void {
    this.#cancel()
    this.#timerAt = at
    this.#cancel = this.#clock.after(at - this.#clock.now(), () => this.#ring())
  }

  #ring(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const due of [...this.#list]) {
      if (due.dueAt > now) next = Math.min(next, due.dueAt)
      else if (this.#list.delete(due)) due.fall()
    }
    if (next < this.#timerAt) this.#arm(next)
  }
}
