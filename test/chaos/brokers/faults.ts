import type { TcpProxy } from '../../services/tcp-proxy.ts'
import { type Fault, type Ground, KILLS, network } from '../cluster/faults.ts'
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
    run: ({ forMs }) => without([service], forMs / 2),
  },
  { name: 'its connections cut, delayed, silent', run: ({ random, forMs }) => network(ways, random, forMs) },
]

/** One of several that stand for each other. */
export const leaderLost = (broker: Mortal): Fault => ({
  name: 'one of three brokers gone, and with it the leader of some partitions',
  run: ({ forMs }) => without([broker], forMs / 4),
})

/** Nodes of a quorum, of which any one may be missed. Without the quorum nothing is worked, or all of it by the fence alone. */
export const lostLocks = (nodes: readonly Mortal[], whenLost: 'wait' | 'fence-only'): Fault[] =>
  [1, 2].map((count) => ({
    name: `${count} of ${nodes.length} Redis nodes of the lock gone`,
    effects: count > nodes.length / 2 && whenLost === 'wait' ? 'rest' : 'go on',
    run: (ground) => without(nodes.slice(0, count), ground.forMs / 4, () => counted(ground)),
  }))

async function without(
  services: readonly Mortal[],
  forMs: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  await Promise.all(services.map((service) => service.kill()))
  await Promise.all([pause(forMs), meanwhile()])
  await Promise.all(services.map((service) => service.start()))
}

/** What had its lock before ends first; what begins after that, begins although the nodes are gone. */
async function counted({ destination, forMs, begun }: Ground): Promise<void> {
  await destination.quiet(QUIET_MS, QUIET_WITHIN_MS)
  const before = destination.begun
  await pause(Math.max(QUIET_MS, forMs / 10))
  begun(destination.begun - before)
}

const QUIET_MS = 1_000
/** Longer than a handler may take. */
const QUIET_WITHIN_MS = 7_000

const REBALANCE_MS = 5_000

/** A process that works comes and goes, so that what is shared out is shared out anew. */
export const rebalances: Fault = {
  name: 'a worker leaves and another comes, every 5 s',
  async run({ fleet, forMs }) {
    const workers = fleet.of('processing')
    for (let n = 0; n < Math.max(1, forMs / 2 / REBALANCE_MS); n++) {
      const from = performance.now()
      const worker = workers[n % workers.length]!
      await fleet.stop(worker)
      await fleet.restart(worker)
      await pause(Math.min(REBALANCE_MS, forMs) - (performance.now() - from))
    }
  },
}
