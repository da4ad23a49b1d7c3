import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import { shown } from '../store/postgres/shown.ts'
import type { Store } from '../store/store.ts'
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
}

/** The store that a DATABASE_URL names. */
export function openStore(url: string, options: StoreOptions): Promise<Store> {
  if (!isPostgres(url)) return openSqliteAt(url, options)
  const { directUrl = null, migrate = false, log, retention } = options
  return openPostgresAt(url, { directUrl, migrates: migrate, ...(log && { log }), ...(retention && { retention }) })
}

/** The file that a ledger lies in; null for one in a database server, which lies nowhere here. */
export const ledgerFile = (url: string, cwd: string): string | null => (isPostgres(url) ? null : ledgerPath(url, cwd))

/** A ledger as people may see it, without a password. */
export const ledgerName = (url: string, cwd: string): string => ledgerFile(url, cwd) ?? shown(url)
