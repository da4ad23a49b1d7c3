import type { DatabaseSync } from 'node:sqlite'
import { type Clock, systemClock } from '../core/clock.ts'
import type { Envelope } from '../core/event.ts'
import { type Logger, silent } from '../core/service.ts'
import { migrateSqlite } from './migrate.ts'
import type { Scheduler } from './scheduler.ts'
import { backup } from './sqlite/backup.ts'
import { type Caller, localCaller } from './sqlite/caller.ts'
import { checkFile, type Watch, watchReaders } from './sqlite/check.ts'
import { connect, own } from './sqlite/connection.ts'
import { remoteCaller } from './sqlite/remote.ts'
import type { Retention } from './sqlite/retention.ts'
import { syncedByCommit } from './sqlite/sync.ts'
import type { Admission } from './sqlite/transacted.ts'
import { type Connection, Transactions } from './sqlite/transactions.ts'
import type { Controls, EdgeKeys, Journal, Leased, Ledger, Locks, Store, Work } from './store.ts'
import { workersHere } from './workers.ts'

export interface SqliteOptions {
  /** The file; `:memory:` only without a thread. */
  readonly path: string
  /** True (the default): the writer has a thread of its own. False: it runs in the calling thread, on the clock given. */
  readonly thread?: boolean
  /** The connection to work on, made by `connect`; it is closed with the store. Only without a thread. */
  readonly db?: DatabaseSync
  readonly clock?: Clock
  readonly log?: Logger
  readonly retention?: Partial<Retention>
  /** Another scheduler than lanes, for comparison. Only without a thread. */
  readonly scheduler?: () => Scheduler
  /** When the next round of the writer runs. Only without a thread. */
  readonly soon?: (run: () => void) => void
}

const defaultRetention: Retention = { bodyDays: 30, eventDays: 90, everyMs: 60_000 }

/**
 * The embedded store: one file, one writer, nothing to install. Rejects with `ledger_in_use`, `ledger_foreign`,
 * `schema_newer` or `sqlite_too_old`.
 */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const { path, clock = systemClock, log = silent } = options
  const retention = { ...defaultRetention, ...options.retention }
  if (options.thread ?? true) {
    const caller = await remoteCaller(path, { retention, clock, log })
    const connection = { open: () => connect(path, { checkpoints: false, syncs: 'commit' }), own: true, keeps: true }
    return storeOver(
      caller,
      path,
      transactionsOver(caller, connection, () => performance.now()),
      { clock, log },
    )
  }
  // With a thread all of this is loaded there, and only there.
  const [{ Writer }, { Lanes }] = await Promise.all([import('./sqlite/writer.ts'), import('./lanes.ts')])
  const owner = own(path)
  const db = options.db ?? connect(path, { checkpoints: true, syncs: 'commit' })
  migrateSqlite(db, path)
  const { scheduler = () => new Lanes(), soon = setImmediate } = options
  const writer = new Writer(db, { clock, log, retention, scheduler, soon, sync: syncedByCommit })
  const copy = (to: string, progress: (share: number) => void) => backup(db, path, to, progress)
  const caller = localCaller(writer, copy, () => owner.release())
  // One thread, one connection: while the writer stands still it has no transaction open.
  const transactions = transactionsOver(caller, { open: () => db, own: false, keeps: true }, () => clock.now())
  return storeOver(caller, path, transactions, { clock, log })
}

function transactionsOver(caller: Caller, connection: Connection, now: () => number): Transactions {
  const pause = (works: readonly Leased[]) => caller.call('pause', [works]) as Promise<readonly (Admission | null)[]>
  return new Transactions(connection, { pause, resume: (transacted) => caller.resume(transacted) }, now)
}

function storeOver(caller: Caller, path: string, transactions: Transactions, watch: Watch): Store {
  const unwatch = watchReaders(path, watch)
  return {
    name: 'sqlite',
    ledger: ledgerOver(caller),
    controls: over<Controls>(caller, ['put', 'live', 'lift']),
    journal: over<Journal>(caller, ['write', 'page', 'verify']),
    locks: over<Locks>(caller, ['take', 'release']),
    edgeKeys: over<EdgeKeys>(caller, ['offer', 'known', 'destroy']),
    settleIn: null,
    workers: workersHere(watch.clock),
    transact: (work, handler, write) => transactions.run({ ref: work.ref, fence: work.fence }, handler, write),
    check: async () => checkFile(path),
    backup: (to, progress = () => {}) => caller.backup(to, progress),
    async close() {
      unwatch()
      transactions.close()
      await caller.close()
    },
  }
}

function ledgerOver(caller: Caller): Ledger {
  const names = [
    'admit',
    'keep',
    'settle',
    'giveBack',
    'renew',
    'remember',
    'hold',
    'find',
    'open',
    'strays',
    'move',
    'restore',
    'changes',
    'backlog',
  ] as const
  return {
    ...over<Omit<Ledger, 'lease'>>(caller, names),
    ...(caller.accept && { accept: (events: readonly Envelope[]) => caller.accept!(events) }),
    lease: (want, signal) => caller.lease(want, signal) as Promise<readonly Work[]>,
  }
}

/** An object whose calls go to the writer by name. */
function over<Calls extends object>(caller: Caller, names: readonly (keyof Calls & string)[]): Calls {
  return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => caller.call(name, args)])) as Calls
}
