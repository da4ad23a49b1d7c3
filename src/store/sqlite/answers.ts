import type { Sync } from './sync.ts'

/** Somebody who asked. */
export interface Waiter {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** What somebody will hear once it is on the disk. */
export interface Answer {
  readonly to: Waiter
  readonly value: unknown
}

/** Answers to what was committed, on their way: each is given when a sync that began after its commit has ended. */
export class Answers {
  readonly #sync: Sync
  readonly #failed: (error: Error) => void
  /** Committed, and not yet being synced. */
  #waiting: Answer[] = []
  #syncing: readonly Answer[] = []

  /** `failed` is told of a sync that failed; whom it was for it then gets by `take`. */
  constructor(sync: Sync, failed: (error: Error) => void) {
    this.#sync = sync
    this.#failed = failed
  }

  add(answers: readonly Answer[]): void {
    this.#waiting.push(...answers)
    if (this.#syncing.length === 0 && this.#waiting.length > 0) this.#begin()
  }

  /** All whom nobody has answered yet; they are the caller's from now on. */
  take(): Answer[] {
    const all = [...this.#syncing, ...this.#waiting]
    this.#syncing = []
    this.#waiting = []
    return all
  }

  /** One sync at a time; what is committed meanwhile shares the next. */
  #begin(): void {
    const answers = (this.#syncing = this.#waiting)
    this.#waiting = []
    this.#sync.begin((error) => {
      // They were taken meanwhile: the writer failed, or was closed.
      if (this.#syncing !== answers) return
      if (error) return this.#failed(error)
      this.#syncing = []
      for (const { to, value } of answers) to.resolve(value)
      if (this.#waiting.length > 0) this.#begin()
    })
  }
}
