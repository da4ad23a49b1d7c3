import type { Handler } from '../../../src/processing/handlers.ts'
import { over, type Planted, Table } from './world.ts'

const accesses = new Table<string>()
const plans = { describe: async (id: string) => `plan of ${id}` }

const broken: Handler<'customer.subscription.*'> = async ({ data: { object } }, { stale }) => {
  if (stale) return
  const plan = await plans.describe(object.id)
  await accesses.put(object.id, `${plan}, ${object.status}`)
}

const mended: Handler<'customer.subscription.*'> = async ({ data: { object } }, { stale, signal }) => {
  if (stale) return
  const plan = await plans.describe(object.id)
  signal.throwIfAborted()
  await accesses.put(object.id, `${plan}, ${object.status}`)
}

export const planted: Planted = {
  broken: {
    tried: { 'customer.subscription.*': broken },
    options: over({ accesses }, { outside: { accesses, plans } }),
  },
  mended: {
    tried: { 'customer.subscription.*': mended },
    options: over({ accesses }, { outside: { accesses, plans } }),
  },
  says: [/plans\.describe \(answered when all was done\), accesses\.put/, /signal\.throwIfAborted/],
}
