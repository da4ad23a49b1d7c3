import type { Store } from '../store/store.ts'

/** What a store needs from its surroundings so that a promise can be tried on it. */
export type Need =
  /** Time that moves only when it is told to. */
  | 'clock'
  /** A way to lose the process without closing the store. */
  | 'crash'
  /** `store.transact`. */
  | 'transact'

/** One sentence that a store has to keep, and the trial of it. `run` rejects when it does not. */
export interface StorePromise {
  readonly name: string
  readonly needs: readonly Need[]
  run(harness: Harness): Promise<void>
}

/** What whoever writes a store brings, so that the suite can be run over it. */
export interface Harness {
  readonly offers: readonly Need[]
  /** A store of its own for each call, empty. */
  open(): Promise<Opened>
}

export interface Opened {
  readonly store: Store
  readonly clock: { now(): number; advance(ms: number): Promise<void> }
  /** The same ledger in a later process: after `close`, or after the process was killed between two commits. */
  reopen(how: 'clean' | 'crash'): Promise<Store>
  /** Ends everything that was opened. */
  close(): Promise<void>
}
