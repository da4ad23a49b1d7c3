import type { Sql } from './driver.ts'

/** Where a ledger keeps the number of the transaction that wrote a row. */
const COLUMNS = [
  ['seen', 'tx'],
  ['history', 'tx'],
  ['queue', 'tx'],
  ['queue', 'born'],
  ['news', 'tx'],
] as const

const AHEAD = '>= pg_snapshot_xmax(pg_current_snapshot())'

/**
 * True where a dump was loaded into a server that has counted fewer transactions than the one that it was taken from: what the
 * dump brought would be seen only when the server has counted so far. The two that are asked lead an index, and have a row of
 * whatever happened.
 */
export const TRANSPLANTED = `(exists (select from hookkeeper_seen where tx ${AHEAD})
  or exists (select from hookkeeper_history where tx ${AHEAD}))`

/** Gives such rows the number of a transaction of this server. To be called in one, before anybody works. */
export async function replant(rows: Sql['rows']): Promise<void> {
  for (const [table, column] of COLUMNS)
    await rows(`update hookkeeper_${table} set ${column} = pg_current_xact_id() where ${column} ${AHEAD}`)
}
