import type { DatabaseSync } from 'node:sqlite'
import type { Leased } from './store.ts'

/**
 * The user's tables live in the ledger's file. `write` runs synchronously on a connection of the calling thread while the ledger's
 * writer pauses; its writes, the memory that `handler` returned and, when `last`, `done` commit together or not at all.
 * Rejects with `stale_lease`, `transaction_too_long`, `transaction_async`, `transaction_denied`, or with what `write` threw.
 */
export type Transact = <V>(
  work: Leased,
  handler: { name: string; last: boolean },
  write: (db: DatabaseSync) => V,
) => Promise<V>

export interface SettleIn {
  /** Checks the fence and writes what `transact` does, through `query` (`rows`: how many changed). Rejects with `stale_lease`. */
  write(tx: StatementTx, work: Leased, handler: { name: string; last: boolean }): Promise<void>
  /** Is that handler remembered? Asked when it has returned: false says that its transaction was rolled back. */
  remembers(work: Leased, name: string): Promise<boolean>
}

export type StatementTx = { query(sql: string, values: readonly string[]): Promise<{ rows: number }> }
