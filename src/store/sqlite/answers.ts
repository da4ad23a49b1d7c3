import type { Clock } from '../../core/clock.ts'
import type { Sync } from './sync.ts'

/** What nobody waits for is on the disk after so long. */
const UNSYNCED_MS = 25

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

/** What a round has to say: at once, or when the disk has it. */
export interface Said {
  readonly committed: Answer[]
  readonly synced: Answer[]
}

/** Answers to what was committed, on their way: each is given when a sync that began after its commit has ended. */
export class Answers {
  readonly #sync: Sync
  readonly #clock: Clock
  readonly #failed: (error: Error) => void
  /** Committed, and not yet being synced. */
  #waiting: Answer[] = []
  /** Those of the sync that is under way; null: none is. */
  #syncing: readonly Answer[] | null = null
  #cancel: (() => void) | null = null

  /** `failed` is told of a sync that failed; whom it was for, if they were not taken before, it then gets by `take`. */
  constructor(sync: Sync, clock: Clock, failed: (error: Error) => void) {
    this.#sync = sync
    this.#clock = clock
    this.#failed = failed
  }

  /** Something was committed, and these want to hear that the disk has it. */
  add(answers: readonly Answer[]): void {
    this.#waiting.push(...answers)
    if (this.#waiting.length === 0) this.#later()
    else if (!this.#syncing) this.#begin()
  }

  /** All whom nobody has answered yet; they are the caller's from now on. */
  take(): Answer[] {
    const all = [...(this.#syncing ?? []), ...this.#waiting]
    // The sync itself goes on, and how it ends counts for all that was committed before it.
    if (this.#syncing) this.#syncing = []
    this.#waiting = []
    this.#cancel?.()
    this.#cancel = null
    return all
  }

  #later(): void {
    if (!this.#sync.apart) return
    this.#cancel ??= this.#clock.after(UNSYNCED_MS, () => {
      this.#cancel = null
      if (!this.#syncing) this.#begin()
    })
  }

  /** One sync at a time; what is committed meanwhile shares the next. */
  #begin(): void {
    this.#syncing = this.#waiting
    this.#waiting = []
    this.#sync.begin((error) => {
      if (error) this.#failed(error)
      const answers = this.#syncing ?? []
      this.#syncing = null
      for (const { to, value } of answers) to.resolve(value)
      if (this.#waiting.length > 0) this.#begin()
    })
  }
}
