import type { Dialect } from '../effects.ts'
import { has, type Method, notBegun, type Recognise } from './shape.ts'

/** The `trx` of `knex.transaction`. https://knexjs.org/guide/transactions.html */
export interface KnexTx {
  readonly raw: Method
  readonly commit: Method
  readonly isCompleted: Method
}

export const knexTx: Recognise = (given) => {
  if (!has(given, 'raw', 'transaction') || !('client' in given)) return null
  const trx = given as unknown as Knex
  const dialect = DIALECTS[trx.client.dialect]
  if (!dialect) return null
  if (trx.isTransaction !== true)
    throw notBegun('The `knex` of Knex', 'Pass the `trx` that `knex.transaction(async (trx) => ...)` gives.')
  return {
    dialect,
    async query(sql, values) {
      const answer = await trx.raw(...marked(sql, values))
      const { rowCount, affectedRows, changes } = (Array.isArray(answer) ? answer[0] : answer) as Partial<Answer>
      return { rows: rowCount ?? affectedRows ?? changes ?? 0 }
    },
  }
}

interface Knex {
  readonly isTransaction?: boolean
  readonly client: { readonly dialect: string }
  raw(sql: string, values: readonly string[]): Promise<unknown>
}

/** Of pg, of mysql2, of SQLite. */
interface Answer {
  readonly rowCount: number | null
  readonly affectedRows: number
  readonly changes: number
}

const DIALECTS: Readonly<Record<string, Dialect>> = { postgresql: 'postgres', mysql: 'mysql', sqlite3: 'sqlite' }

/** It takes question marks only, in the order in which they stand; one that is none is written with a backslash. */
function marked(sql: string, values: readonly string[]): [string, readonly string[]] {
  const inOrder: string[] = []
  if (!/\$\d/.test(sql)) return [sql, values]
  const text = sql.replaceAll('?', '\\?').replace(/\$(\d+)/g, (_, n: string) => {
    inOrder.push(values[Number(n) - 1] ?? '')
    return '?'
  })
  return [text, inOrder]
}
