import type { Envelope } from '../core/event.ts'
import type { DeadReason, DoneReason, Json } from '../core/outcome.ts'
import type { Query, Ref, Transact } from './store.ts'

/** An event as it was recorded, with how it ended and what `once` remembers of it. */
export interface Recorded {
  readonly ref: Ref
  readonly event: Envelope
  readonly reason: DoneReason | DeadReason
  readonly remembered: Readonly<Record<string, Json>>
}

/** What a query chose, oldest first. */
export interface Chosen {
  readonly refs: readonly Ref[]
  /** There were more than the limit. */
  readonly more: boolean
  /** Their bodies are past retention. */
  readonly gone: number
}

/** A copy of a ledger that nobody works on: to be read, and written to only in vain. */
export interface Recording {
  /** The newest that fit, at most `limit`. */
  choose(query: Omit<Query, 'limit' | 'cursor'>, limit: number): Chosen
  /** Null for what never ended, or is gone. */
  read(ref: Ref): Recorded | null
  /** As the store's own, on the copy, and always rolled back: each sees what was recorded and nothing of the others. */
  readonly transact: Transact
  close(): void
}
