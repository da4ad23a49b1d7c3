import { has, type Method, notBegun, type Recognise } from './shape.ts'

/** The `sql` that `sql.begin` gives to its function. https://github.com/porsager/postgres#transactions */
export interface PostgresSql {
  readonly unsafe: Method
  readonly savepoint: Method
}

export const postgresSql: Recognise = (given) => {
  if (!has(given, 'unsafe')) return null
  if (!has(given, 'savepoint'))
    throw notBegun('The `sql` of postgres', 'Pass the `sql` that `sql.begin` gives to its function.')
  const unsafe = given.unsafe as unknown as Unsafe
  return { dialect: 'postgres', query: async (sql, values) => ({ rows: (await unsafe(sql, [...values])).count ?? 0 }) }
}

type Unsafe = (sql: string, values: string[]) => Promise<{ readonly count: number | null }>
