import type { Dialect } from '../effects.ts'
import { has, type Method, notBegun, type Recognise } from './shape.ts'

/** The `trx` of `db.transaction().execute` or `db.startTransaction()`. https://kysely.dev/docs/category/transactions */
export interface KyselyTx {
  readonly isTransaction: true
  readonly executeQuery: Method
}

export const kyselyTx: Recognise = (given) => {
  if (!has(given, 'executeQuery', 'getExecutor')) return null
  const trx = given as unknown as Kysely
  const dialect = dialectOf(trx.getExecutor().adapter)
  if (!dialect) return null
  if (trx.isTransaction !== true)
    throw notBegun('The `db` of Kysely', 'Pass the `trx` that `db.transaction().execute(async (trx) => ...)` gives.')
  return {
    dialect,
    async query(sql, values) {
      const { numAffectedRows, rows } = await trx.executeQuery(compiled(sql, values))
      return { rows: Number(numAffectedRows ?? rows.length) }
    },
  }
}

interface Kysely {
  readonly isTransaction: boolean
  getExecutor(): { readonly adapter: Adapter }
  executeQuery(query: object): Promise<{ readonly numAffectedRows?: bigint; readonly rows: readonly unknown[] }>
}

interface Adapter {
  readonly supportsReturning: boolean
  readonly supportsTransactionalDdl: boolean
  readonly supportsOutput?: boolean
}

/** By what it can do, since a bundler may have renamed its class. */
function dialectOf({ supportsReturning, supportsTransactionalDdl, supportsOutput }: Adapter): Dialect | null {
  if (supportsOutput) return null
  if (!supportsReturning) return 'mysql'
  return supportsTransactionalDdl ? 'postgres' : 'sqlite'
}

/** What `CompiledQuery.raw` of theirs makes. */
const compiled = (sql: string, values: readonly string[]): object => ({
  sql,
  parameters: [...values],
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: 'hookkeeper' },
})
