import { readdirSync, readFileSync } from 'node:fs'
import { failure } from '../../core/errors.ts'
import type { Sql } from './driver.ts'
import { replant, TRANSPLANTED } from './transplanted.ts'

const FOLDER = new URL('../migrations/postgres/', import.meta.url)
/** Taken by whoever migrates: one at a time. */
const LOCK = 4_851_776_001

const steps = (folder: URL) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()

/** The schema that is there; 0: none. */
export async function schemaVersion(rows: Sql['rows']): Promise<number> {
  const [table] = await rows<{ there: boolean }>(`select to_regclass('hookkeeper_schema') is not null as there`)
  if (!table?.there) return 0
  const [row] = await rows<{ version: number }>(
    'select coalesce(max(version), 0)::int4 as version from hookkeeper_schema',
  )
  return row?.version ?? 0
}

/**
 * Brings the database to this program's schema: forward only, each step in a transaction of its own, whoever else does the same
 * waits for it. Resolves to how many steps were taken.
 */
export async function migratePostgres(sql: Sql, where: string, folder = FOLDER): Promise<number> {
  const names = steps(folder)
  let taken = 0
  for (;;) {
    const found = await sql.together(async (rows) => {
      await rows('select pg_advisory_xact_lock($1)', [LOCK])
      const version = await schemaVersion(rows)
      const step = names[version]
      if (step === undefined) return version
      await rows(readFileSync(new URL(step, folder), 'utf8'))
      await rows('insert into hookkeeper_schema (version) values ($1)', [version + 1])
      return null
    })
    if (found === null) {
      taken++
      continue
    }
    if (found > names.length + 1) throw newer(where, found, names.length)
    await replantIfDumped(sql)
    return taken
  }
}

async function replantIfDumped(sql: Sql): Promise<void> {
  await sql.together(async (rows) => {
    await rows('select pg_advisory_xact_lock($1)', [LOCK])
    const [found] = await rows<{ transplanted: boolean }>(`select ${TRANSPLANTED} as transplanted`)
    if (found?.transplanted) await replant(rows)
  })
}

/** Schema N works with the programs N-1 and N; nothing is applied here. */
export async function requireSchema(sql: Sql, where: string, folder = FOLDER): Promise<void> {
  const known = steps(folder).length
  const found = await schemaVersion(sql.again)
  if (found < known) throw failure('schema_older', { path: where, found, known })
  if (found > known + 1) throw newer(where, found, known)
}

const newer = (path: string, found: number, known: number) => failure('schema_newer', { path, found, known })
