import type { EffectsTx } from '../effects.ts'
import { has, type Method, notBegun, type Recognise } from './shape.ts'

/**
 * A connection of `mysql2` (either interface) or `mariadb` (promises), after `beginTransaction`.
 * https://sidorares.github.io/node-mysql2/docs and https://mariadb.com/docs/connectors/mariadb-connector-nodejs
 */
export interface MysqlConnection {
  readonly query: Method
  readonly beginTransaction: Method
  /** What gives connections is none itself, though the types of `mysql2` say so. */
  readonly getConnection?: never
}

/** A connection that speaks as `mysql2/promise` or `mariadb` does, and on which you have begun a transaction. */
export const mysqlTx = (connection: MysqlLike): EffectsTx => ({
  dialect: 'mysql',
  query: async (sql, values) => ({ rows: headerOf(await connection.query(sql, [...values])).affectedRows ?? 0 }),
})

export interface MysqlLike {
  query(sql: string, values: string[]): Promise<unknown>
}

export const mysqlConnection: Recognise = async (given) => {
  if (has(given, 'query', 'getConnection'))
    throw notBegun(
      'A pool of MySQL connections',
      `Take one of it, \`await pool.getConnection()\`, ${BEGIN} and pass it.`,
    )
  if (!has(given, 'query', 'beginTransaction')) return null
  const connection = (has(given, 'promise') ? (given.promise as () => unknown)() : given) as Connection
  const status = connection.info?.status ?? headerOf(await connection.query('do 0', [])).serverStatus
  if (status !== undefined && (status & IN_TRANSACTION) === 0 && (status & AUTOCOMMIT) !== 0)
    throw notBegun('This MySQL connection', `Begin first: ${BEGIN}.`)
  return mysqlTx(connection)
}

interface Connection extends MysqlLike {
  /** What the server said last, where the library keeps it; `mysql2` tells it with each answer. */
  readonly info?: { readonly status?: number }
}

interface Header {
  readonly affectedRows?: number
  readonly serverStatus?: number
}

/** `mysql2` gives a pair. */
const headerOf = (answer: unknown): Header => Object(Array.isArray(answer) ? answer[0] : answer)

const BEGIN = '`await connection.beginTransaction()`'
const IN_TRANSACTION = 1
const AUTOCOMMIT = 2
