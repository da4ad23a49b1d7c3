import type { Cluster } from '../../../src/index.ts'
import { commitEffect } from '../effect.ts'

export default (cluster: Cluster): void => cluster.on('*', { name: 'effects' }, commitEffect)
