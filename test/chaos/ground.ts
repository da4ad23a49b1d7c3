import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openPostgres } from '../../src/store/postgres.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import type { Place } from '../services/place.ts'
import { asked } from '../services/postgres-client.ts'
import { folderFor } from './here.ts'
import { inPostgres } from './ledger.ts'

/** Makes room for a ledger of its own in a server: its URL. */
export type MakeLedger = () => Promise<string>

let make: MakeLedger | null = null

/** The ledgers of this test file lie in files: what needs a clock that stands still is tried there. */
export const inFiles = (): boolean => make === null

/** From here on the ledgers of this test file lie in a Postgres, not in files. */
export const onPostgres = (how: MakeLedger): void => void (make = how)

/** A ledger that is there, for processes of their own and the effects of their handlers. */
export async function ledgerIn(place: Place): Promise<string> {
  return make ? made(make) : join(await place.folder(), 'ledger.db')
}

/** A ledger for clusters in this process. */
export async function ledgerFor(t: TestContext): Promise<string> {
  return make ? made(make) : join(folderFor(t), 'ledger.db')
}

export const openLedger = (ledger: string): Promise<Store> =>
  inPostgres(ledger) ? openPostgres({ url: ledger }) : openSqlite({ path: ledger })

async function made(how: MakeLedger): Promise<string> {
  const url = await how()
  await (await openPostgres({ url, migrates: true })).close()
  await asked(url, EFFECTS)
  return url
}

/** Made beforehand: two handlers that make it at once would be in one another's way. */
export const EFFECTS = 'create table effects (n bigserial, event_id text, lane text, fence bigint, attempt int)'
