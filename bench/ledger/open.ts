import type { Envelope } from '../../src/core/event.ts'
import { Lanes } from '../../src/store/lanes.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Ledger, Store } from '../../src/store/store.ts'
import { FifoScheduler } from './fifo-scheduler.ts'

/**
 * Who says which event is next, and where: the product's lanes or first come, first leased, both in the calling thread, since a
 * scheduler cannot be handed to another one; or the store as it is shipped, with a thread of its own.
 */
export type Order = 'lanes' | 'fifo' | 'threaded'

export type BenchLedger = Pick<Ledger, 'admit' | 'lease' | 'settle' | 'hold' | 'find' | 'open' | 'backlog'>

/** The one place of the bench that knows how a store is opened: a file, or a Postgres by its URL. */
export function openLedger(
  path: string,
  order: Order,
  retention: { bodyDays: number; eventDays: number; everyMs?: number },
): Promise<Store> {
  if (path.startsWith('postgres:')) return openPostgres({ url: path, migrates: true, retention })
  if (order === 'threaded') return openSqlite({ path, retention })
  const scheduler = () => (order === 'lanes' ? new Lanes() : new FifoScheduler())
  return openSqlite({ path, retention, thread: false, scheduler })
}

/** As ingestion takes events: the 200 is given once they are on the disk. */
export function taker(ledger: Ledger): (events: readonly Envelope[]) => Promise<unknown> {
  return (events) => (ledger.accept ? ledger.accept(events) : ledger.admit(events))
}
