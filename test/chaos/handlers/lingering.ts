import type { Cluster } from '../../../src/index.ts'

/** Begins something that nobody ends. */
export default (cluster: Cluster): void => {
  setInterval(() => {}, 60_000)
  cluster.on('*', () => {})
}
