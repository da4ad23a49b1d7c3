import type { Clock } from '../../core/clock.ts'

/** Rings at the first of two instants: one by the clock of the events, one by that of the process. */
export class Alarm {
  readonly #clock: Clock
  readonly #pace: Clock
  #cancels: (() => void)[] = []

  constructor({ clock, pace }: { clock: Clock; pace: Clock }) {
    this.#clock = clock
    this.#pace = pace
  }

  /** `dueInMs`: infinite when nothing will fall due. */
  set({ dueInMs, at }: { dueInMs: number; at: number }, ring: () => void): void {
    this.off()
    if (dueInMs < Number.POSITIVE_INFINITY) this.#cancels.push(this.#clock.after(Math.max(0, dueInMs), ring))
    this.#cancels.push(this.#pace.after(Math.max(0, at - this.#pace.now()), ring))
  }

  off(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }
}
