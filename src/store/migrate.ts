import { readdirSync, readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { failure } from '../core/errors.ts'
import { APPLICATION_ID } from './sqlite/connection.ts'

const FOLDER = new URL('./migrations/sqlite/', import.meta.url)

/**
 * Brings the file to this program's schema: forward only, each step in a transaction of its own. A schema works with the programs of
 * its own number and of the one before, so that a release can be taken back: what the next release added is left alone.
 */
export function migrateSqlite(db: DatabaseSync, path: string): void {
  const steps = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort()
  const found = number(db, 'user_version')
  const owner = number(db, 'application_id')
  if (owner !== 0 && owner !== APPLICATION_ID)
    throw failure('ledger_foreign', { path, what: 'another program marked it as its own' })
  if (found > steps.length + 1) throw failure('schema_newer', { path, found, known: steps.length })
  for (const [i, name] of steps.entries()) {
    if (i < found) continue
    db.exec('begin immediate')
    try {
      db.exec(readFileSync(new URL(name, FOLDER), 'utf8'))
      db.exec(`pragma user_version = ${i + 1}; pragma application_id = ${APPLICATION_ID}`)
      db.exec('commit')
    } catch (error) {
      db.exec('rollback')
      throw error
    }
  }
}

function number(db: DatabaseSync, pragma: string): number {
  return Number(Object.values(db.prepare(`pragma ${pragma}`).get() ?? {})[0] ?? 0)
}
