import type { EffectsTx } from '../effects.ts'
import { has, type Method, notBegun, type Recognise } from './shape.ts'

/** A client, of its own or of a pool, after `begin`. https://node-postgres.com/features/transactions */
export interface PgClient {
  readonly query: Method
  readonly escapeLiteral: Method
}

/** A client that speaks as `pg` does, and on which you have begun a transaction. */
export const pgTx = (client: PgLike): EffectsTx => ({
  dialect: 'postgres',
  query: async (sql, values) => ({ rows: (await client.query(sql, [...values])).rowCount ?? 0 }),
})

export interface PgLike {
  query(sql: string, values: string[]): Promise<{ readonly rowCount: number | null }>
}

export const pgClient: Recognise = (given) => {
  if (has(given, 'query', 'connect') && 'totalCount' in given)
    throw notBegun('A Pool of pg', 'Take a client of it, `await pool.connect()`, begin, and pass the client.')
  if (!has(given, 'query', 'escapeLiteral')) return null
  // Newer versions tell: I is idle.
  if (has(given, 'getTransactionStatus') && (given.getTransactionStatus as () => unknown)() === 'I')
    throw notBegun('This client of pg', "Begin first: `await client.query('begin')`.")
  return pgTx(given as unknown as PgLike)
}
