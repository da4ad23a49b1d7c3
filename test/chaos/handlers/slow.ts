import type { Cluster } from '../../../src/index.ts'
import { commitEffect } from '../effect.ts'

/** Charges never end and do not heed their signal; all else takes a moment and commits an effect. */
export default (cluster: Cluster): void => {
  cluster.on('charge.failed', () => new Promise(() => {}))
  cluster.on('invoice.paid', { name: 'effects' }, async (event, context) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    await commitEffect(event, context)
  })
}
