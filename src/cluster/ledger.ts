import type { Role } from '../config.ts'
import { failure, hasCode } from '../core/errors.ts'
import { openStore, seekStoreAt } from '../presets/database.ts'
import type { Sought } from '../store/later.ts'
import type { Lead } from '../store/store.ts'
import type { Base } from './parts.ts'

interface Needs {
  readonly roles: readonly Role[]
  readonly bare: boolean
  readonly lead: Lead
}

/**
 * The ledger. Whoever only takes events into a broker starts without it when it is away, and finds it later; what was to be done with
 * it at the start, and the keys of a vault, cannot wait.
 */
export async function ledgerOf(base: Base, { roles, bare, lead }: Needs): Promise<Sought> {
  const { config, clock, log } = base
  const { databaseUrl, databaseDirectUrl: directUrl, cwd, retention, ephemeral } = config
  const migrate = config.migrate === 'apply'
  const options = { ...{ cwd, directUrl, clock, log, retention, ephemeral, lead }, migrate }
  const fronted = config.broker.url !== null || base.openBroker !== null
  if (!fronted || bare || roles.some((role) => role !== 'ingestion') || config.restoredFrom !== null)
    return { store: await openStore(databaseUrl, options), away: () => null }
  if (config.vault === null) return seekStoreAt(databaseUrl, options)
  const store = await openStore(databaseUrl, options).catch((error) => {
    throw hasCode(error, 'store_failed') ? failure('vault_ledger', { what: error.message }, { cause: error }) : error
  })
  return { store, away: () => null }
}
