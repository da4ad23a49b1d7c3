import { type Clock, systemClock } from '../core/clock.ts'
import { type Logger, silent } from '../core/service.ts'
import { type Sought, seekStore } from '../store/later.ts'
import { shown } from '../store/postgres/shown.ts'
import type { Lead, Store } from '../store/store.ts'
import { isPostgres, openPostgresAt } from './postgres.ts'
import { ledgerPath, openSqliteAt } from './sqlite.ts'

export interface StoreOptions {
  /** What a relative path counts from. */
  readonly cwd: string
  /** DATABASE_DIRECT_URL: past a pooler. */
  readonly directUrl?: string | null
  readonly clock?: Clock
  readonly log?: Logger
  /** The platform whose disk goes with the machine: no ledger is kept on it. */
  readonly ephemeral?: string | null
  /** Bring the ledger up to date, whatever that costs. SQLite does so anyway: none of its steps rewrites rows. */
  readonly migrate?: boolean
  readonly retention?: { readonly bodyDays: number; readonly eventDays: number }
  /** Who does what one process does for all; whoever comes first by default. */
  readonly lead?: Lead
}

/** The store that a DATABASE_URL names. */
export function openStore(url: string, options: StoreOptions): Promise<Store> {
  if (!isPostgres(url)) return openSqliteAt(url, options)
  const { directUrl = null, migrate: migrates = false, log, retention, lead } = options
  const given = { ...(log && { log }), ...(retention && { retention }), ...(lead && { lead }) }
  return openPostgresAt(url, { directUrl, migrates, ...given })
}

/** The same, for whoever can do without it while its server cannot be reached. A file is there or it is not. */
export async function seekStoreAt(url: string, options: StoreOptions): Promise<Sought> {
  const open = () => openStore(url, options)
  if (!isPostgres(url)) return { store: await open(), away: () => null }
  const { worthAgain: passing } = await import('../store/postgres/driver.ts')
  const { clock = systemClock, log = silent } = options
  return seekStore({ open, passing, clock, log })
}

/** The file that a ledger lies in; null for one in a database server, which lies nowhere here. */
export const ledgerFile = (url: string, cwd: string): string | null => (isPostgres(url) ? null : ledgerPath(url, cwd))

/** A ledger as people may see it, without a password. */
export const ledgerName = (url: string, cwd: string): string => ledgerFile(url, cwd) ?? shown(url)
