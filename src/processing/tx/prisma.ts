import type { Dialect } from '../effects.ts'
import { has, type Method, notBegun, type Recognise } from './shape.ts'

/**
 * The `tx` of an interactive transaction.
 * https://www.prisma.io/docs/orm/prisma-client/queries/transactions#interactive-transactions
 */
export interface PrismaTx {
  readonly $executeRawUnsafe: Method
  /** What is in a transaction cannot connect; by that it is told from the client itself. */
  readonly $connect?: never
}

export const prismaTx: Recognise = (given) => {
  if (!has(given, '$executeRawUnsafe')) return null
  if (has(given, '$connect'))
    throw notBegun('The client of Prisma', 'Pass the `tx` that `prisma.$transaction(async (tx) => ...)` gives.')
  const tx = given as unknown as Raw
  const dialect = DIALECTS[tx._activeProvider ?? 'postgresql']
  return dialect
    ? { dialect, query: async (sql, values) => ({ rows: await tx.$executeRawUnsafe(sql, ...values) }) }
    : null
}

interface Raw {
  $executeRawUnsafe(sql: string, ...values: string[]): Promise<number>
  readonly _activeProvider?: string
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  postgresql: 'postgres',
  cockroachdb: 'postgres',
  mysql: 'mysql',
  sqlite: 'sqlite',
}
