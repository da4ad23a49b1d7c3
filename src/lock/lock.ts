/**
 * One holder at a time around side effects, over many processes. It is never what makes a write safe: a holder that is slow to hear
 * that it lost its lock goes on for a moment beside the next one, and the fence tells them apart.
 */
export interface Lock {
  readonly name: string
  /**
   * Runs `work` while the name is held, and answers what it answered. `busy`, soon, when somebody else holds it: nothing was run. The
   * lock is renewed for as long as `work` runs, and released when it has ended, however it did; a holder that dies leaves it behind
   * for `ttlMs` at most. The signal of `work` aborts with a `LockLost` as soon as the lock may be somebody else's, and with the
   * reason of `signal` when that aborts.
   * @throws {LockUnavailable} when not enough of what gives locks can be asked: nothing was run.
   */
  hold<V>(
    name: string,
    ttlMs: number,
    work: (signal: AbortSignal) => Promise<V>,
    signal?: AbortSignal,
  ): Promise<V | Busy>
  /** Whether a lock could be given now: null, or one sentence that says why not. */
  ready(): Promise<string | null>
  /** What is set where locks are kept that would give one to two, and how to mend it. Empty: nothing found. */
  check(): Promise<readonly LockFinding[]>
  /** Ends connections. Whoever still holds a lock has lost it. Twice is harmless. */
  close(): Promise<void>
}

/** What `hold` answers when somebody else holds the name. */
export const busy: unique symbol = Symbol.for('hookkeeper.busy')
export type Busy = typeof busy

/** `wrong`: two may hold one lock. */
export interface LockFinding {
  readonly level: 'wrong' | 'worth'
  readonly what: string
  readonly remedy: string
}

/** Too few of those who give locks can be asked. Whether anybody holds the name is not known. */
export class LockUnavailable extends Error {
  override readonly name = 'LockUnavailable'
}

/** Why the work's signal aborts: the lock was taken away, or could not be renewed in time. */
export class LockLost extends Error {
  override readonly name = 'LockLost'
  /** Known to be gone; else only not renewed in time. */
  readonly taken: boolean

  constructor(message: string, taken: boolean) {
    super(message)
    this.taken = taken
  }
}
