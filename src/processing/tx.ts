import { failure } from '../core/errors.ts'
import type { EffectsTx } from './effects.ts'
import { type DrizzleTx, drizzleTx } from './tx/drizzle.ts'
import { type KnexTx, knexTx } from './tx/knex.ts'
import { type KyselyTx, kyselyTx } from './tx/kysely.ts'
import { type MysqlConnection, mysqlConnection } from './tx/mysql.ts'
import { type PgClient, pgClient } from './tx/pg.ts'
import { type PostgresSql, postgresSql } from './tx/postgres-js.ts'
import { type PrismaTx, prismaTx } from './tx/prisma.ts'
import type { Recognise } from './tx/shape.ts'
import { type SqliteDb, sqliteDb } from './tx/sqlite.ts'

/**
 * A transaction that you have begun, in the hands of the client that you began it with: of `pg`, `postgres`, Prisma, Drizzle,
 * Kysely, Knex, `mysql2`, `mariadb` or `node:sqlite`. For any other client, an object of your own with `dialect` and `query`.
 */
export type Tx =
  | EffectsTx
  | PgClient
  | PostgresSql
  | PrismaTx
  | DrizzleTx
  | KyselyTx
  | KnexTx
  | MysqlConnection
  | SqliteDb

/**
 * Clients are known by their shape: none of them is imported, so none is needed.
 * @throws `tx_not_begun` for a pool or a client that is visibly in no transaction, `tx_unknown` for what is known by nobody.
 */
export async function effectsTx(given: unknown): Promise<EffectsTx> {
  for (const recognise of CLIENTS) {
    const tx = await recognise(given, effectsTx)
    if (tx) return tx
  }
  throw failure('tx_unknown', { what: nameOf(given) })
}

const own: Recognise = (given) => {
  const { dialect, query } = Object(given) as Partial<EffectsTx>
  return typeof dialect === 'string' && typeof query === 'function' ? (given as EffectsTx) : null
}

// Drizzle's transaction holds a client of another library, and Knex's and Kysely's have methods of many names.
const CLIENTS: readonly Recognise[] = [
  own,
  drizzleTx,
  kyselyTx,
  knexTx,
  prismaTx,
  postgresSql,
  pgClient,
  mysqlConnection,
  sqliteDb,
]

function nameOf(given: unknown): string {
  if (typeof given !== 'object' || given === null) return given === null ? 'null' : typeof given
  const { name } = Object(given.constructor)
  return typeof name === 'string' && /^[A-Z]\w*$/.test(name) && name !== 'Object' ? `a ${name}` : 'an object'
}
