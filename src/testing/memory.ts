import type { DatabaseSync } from 'node:sqlite'
import { VirtualClock } from '../core/clock.ts'
import { connect } from '../store/sqlite/connection.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'

/** A ledger in memory, in this thread, on a clock of its own. */
export interface MemoryLedger {
  readonly store: Store
  readonly clock: VirtualClock
  /** The ledger's own connection: what handlers write by `transaction` can be read here. */
  readonly db: DatabaseSync
}

export async function memoryLedger(startAt?: number): Promise<MemoryLedger> {
  const clock = new VirtualClock(startAt)
  const db = connect(':memory:', { checkpoints: false, syncs: 'commit' })
  const store = await openSqlite({ path: ':memory:', thread: false, db, clock })
  return { store, clock, db }
}
