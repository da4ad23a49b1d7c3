import { existsSync } from 'node:fs'
import type { Cluster } from '../../../src/index.ts'

/** Charges fail until the file that MENDED names is there; whoever works says so in the log. */
export default (cluster: Cluster): void => {
  cluster.on('charge.failed', () => {
    if (!existsSync(process.env['MENDED'] ?? '')) throw new Error('not mended yet')
  })
  cluster.on('*', { name: 'count' }, (_event, { log }) => log.info({}, 'counted'))
}
