import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from './lines.ts'
import type { Place } from './place.ts'
import { ask, type Redis, startRedis } from './redis-server.ts'

const run = promisify(execFile)

export interface Watched {
  /** Of the sentinel. */
  readonly port: number
  readonly name: string
  readonly master: Redis
  readonly replica: Redis
  /** Resolves when everything the master has answered is with the replica. */
  caughtUp(): Promise<void>
}

/** A master with one replica, and one sentinel that makes the replica the master when the master is gone for half a second. */
export async function startSentinel(place: Place): Promise<Watched> {
  const master = await startRedis(place, { 'repl-diskless-sync-delay': '0' })
  const replica = await startRedis(place, { replicaof: `127.0.0.1 ${master.port}` })
  await untilSo(async () => /master_link_status:up/.test(await ask(replica.url, 'INFO', 'replication')))
  const port = await place.port()
  const file = join(await mkdtemp(join(await place.folder(), 'sentinel-')), 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor hooks 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds hooks 500',
    'sentinel failover-timeout hooks 3000',
  ]
  await writeFile(file, lines.join('\n'))
  const child = place.spawn('redis-server', [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] })
  // One that has not heard of the replica yet has nobody to choose.
  await until('redis-sentinel', child.stdout, /\+slave slave/)
  const offset = async ({ url }: Redis, field: string) =>
    new RegExp(`${field}:(\\d+)`).exec(await ask(url, 'INFO', 'replication'))?.[1]
  const caughtUp = () =>
    untilSo(async () => (await offset(master, 'master_repl_offset')) === (await offset(replica, 'slave_repl_offset')))
  return { port, name: 'hooks', master, replica, caughtUp }
}

/** Three masters that share the slots. */
export async function startCluster(place: Place): Promise<readonly Redis[]> {
  // Without one of its own each would take the port 10,000 above, whoever has it.
  const buses = await Promise.all([1, 2, 3].map(() => place.port()))
  const nodes = await Promise.all(
    buses.map((bus) => startRedis(place, { 'cluster-enabled': 'yes', 'cluster-port': `${bus}` })),
  )
  const at = nodes.map(({ port }, n) => `127.0.0.1:${port}@${buses[n]}`)
  await run('redis-cli', ['--cluster', 'create', ...at, '--cluster-yes'])
  const up = async ({ url }: Redis) => /cluster_state:ok/.test(await ask(url, 'CLUSTER', 'INFO'))
  await untilSo(async () => (await Promise.all(nodes.map(up))).every((ok) => ok))
  return nodes
}

/** Services tell nobody when they have heard of each other: they are asked until they have. */
async function untilSo(so: () => Promise<boolean>, patienceMs = 15_000): Promise<void> {
  const until = performance.now() + patienceMs
  while (!(await so())) {
    if (performance.now() > until) throw new Error('The Redises did not find each other.')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
