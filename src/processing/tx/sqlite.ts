import type { DatabaseSync } from 'node:sqlite'
import type { EffectsTx } from '../effects.ts'
import { has, type Method, notBegun, type Recognise } from './shape.ts'

/** A connection of `node:sqlite`, after `begin`. https://nodejs.org/api/sqlite.html#class-databasesync */
export interface SqliteDb {
  readonly prepare: Method
  readonly applyChangeset: Method
}

/** A `node:sqlite` connection on which you have begun a transaction. */
export const sqliteTx = (db: DatabaseSync): EffectsTx => ({
  dialect: 'sqlite',
  query: async (sql, values) => ({ rows: Number(db.prepare(sql).run(...values).changes) }),
})

export const sqliteDb: Recognise = (given) => {
  if (!has(given, 'prepare', 'applyChangeset')) return null
  const db = given as unknown as DatabaseSync
  if (db.isTransaction === false) throw notBegun('This connection of node:sqlite', "Begin first: `db.exec('begin')`.")
  return sqliteTx(db)
}
