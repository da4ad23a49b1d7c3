import { has, type Method, notBegun, type Recognise } from './shape.ts'

/** The `tx` of `db.transaction`, on any driver whose own transactions are known. https://orm.drizzle.team/docs/transactions */
export interface DrizzleTx {
  readonly transaction: Method
  readonly rollback: Method
  readonly _: object
}

export const drizzleTx: Recognise = (given, inner) => {
  if (!has(given, 'transaction') || !('session' in given)) return null
  const { client } = (given as { session?: { client?: unknown } }).session ?? {}
  if (client === undefined) return null
  if (!has(given, 'rollback'))
    throw notBegun('The `db` of Drizzle', 'Pass the `tx` that `db.transaction(async (tx) => ...)` gives.')
  // Its statements go through the driver's connection, and ours go the same way.
  return inner(client)
}
