import type { TcpProxy } from '../../services/tcp-proxy.ts'
import { type Fault, KILLS, network } from '../cluster/faults.ts'
import { pause } from '../settle.ts'

/** A service that can be lost and comes back with what it had on its disk. */
export interface Mortal {
  kill(): Promise<void>
  start(): Promise<unknown>
}

/** What every broker has to be survived doing. */
export const troubles = (service: Mortal, ways: readonly TcpProxy[]): Fault[] => [
  KILLS,
  {
    name: 'the broker stopped',
    async run({ forMs }) {
      await service.kill()
      await pause(forMs / 2)
      await service.start()
    },
  },
  { name: 'its connections cut, delayed, silent', run: ({ random, forMs }) => network(ways, random, forMs) },
]

/** Nodes of a quorum, of which any one may be missed. */
export const lostLocks = (nodes: readonly Mortal[]): Fault[] =>
  [1, 2].map((count) => ({
    name: `${count} of ${nodes.length} Redis nodes of the lock gone`,
    async run({ forMs }) {
      const gone = nodes.slice(0, count)
      await Promise.all(gone.map((node) => node.kill()))
      await pause(forMs / 2)
      await Promise.all(gone.map((node) => node.start()))
    },
  }))

const REBALANCE_MS = 5_000

/** A process that works comes and goes, so that what is shared out is shared out anew. */
export const rebalances: Fault = {
  name: 'a worker leaves and another comes, every 5 s',
  async run({ fleet, forMs }) {
    for (let n = 0; n < Math.max(1, forMs / REBALANCE_MS); n++) {
      const [worker] = fleet.of('processing')
      await fleet.stop(worker!)
      await fleet.restart(worker!)
      await pause(Math.min(REBALANCE_MS, forMs))
    }
  },
}
