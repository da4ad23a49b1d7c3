import type { Cluster } from '../../../src/index.ts'
import { commitEffect } from '../effect.ts'

/** Asks the test at HELD_URL before it commits, then tells it how that went. */
export default (cluster: Cluster): void => {
  cluster.on('*', { name: 'held' }, async (event, context) => {
    const tell = (what: string) => fetch(`${process.env['HELD_URL']}/${event.id}/${context.attempt}/${what}`)
    await tell('began')
    try {
      await commitEffect(event, context)
      await tell('committed')
    } catch (error) {
      await tell((error as { code?: string }).code ?? 'failed')
      throw error
    }
  })
}
