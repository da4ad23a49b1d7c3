import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import type { Lead, Store } from '../store/store.ts'

export interface PostgresPreset {
  /** DATABASE_DIRECT_URL: past a pooler. */
  readonly directUrl?: string | null
  readonly migrates?: boolean
  /** Another clock than the server's. */
  readonly clock?: Clock
  readonly log?: Logger
  readonly retention?: { readonly bodyDays: number; readonly eventDays: number }
  readonly lead?: Lead
}

export const isPostgres = (url: string): boolean => /^postgres(ql)?:/i.test(url)

/** The ledger in the Postgres of that URL; what it is made of is loaded when there is one. */
export async function openPostgresAt(url: string, options: PostgresPreset): Promise<Store> {
  const { openPostgres } = await import('../store/postgres.ts')
  return openPostgres({ url, ...options })
}
