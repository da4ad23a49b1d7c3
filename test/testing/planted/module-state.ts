import type { Starting } from '../../../src/testing.ts'
import { Journal, over, type Planted, Table } from './world.ts'

const refunds = new Journal<string>()
const refunded = new Table<true>()

// As a variable of the module: `start` is called for each process, as the module is loaded by each.
const broken: Starting = {
  start(cluster) {
    const seen = new Set<string>()
    cluster.on('charge.refunded', async ({ id, data: { object } }) => {
      if (seen.has(id)) return
      await refunds.insert(object.id)
      seen.add(id)
    })
  },
}

const mended: Starting = {
  start(cluster) {
    cluster.on('charge.refunded', async ({ data: { object } }) => {
      await refunded.put(object.id, true)
    })
  },
}

export const planted: Planted = {
  broken: { tried: broken, options: over({ refunds }) },
  mended: { tried: mended, options: over({ refunded }) },
  says: [/two processes take turns/, /refunds: "ch_\w+" once in a clean pass, twice now/, /keep it in the database/],
}
