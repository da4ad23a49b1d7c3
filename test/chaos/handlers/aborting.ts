import type { Cluster } from '../../../src/index.ts'
import { commitEffect } from '../effect.ts'

/** Charges end the process; all else takes a moment, so that it is at risk, and commits an effect. */
export default (cluster: Cluster): void => {
  cluster.on('charge.failed', { name: 'poison' }, () => process.abort())
  cluster.on('invoice.paid', { name: 'effects' }, async (event, context) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await commitEffect(event, context)
  })
}
