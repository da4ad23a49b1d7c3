import { between, pick, type Random, shuffled } from '../../../src/core/random.ts'
import { connected } from '../../services/postgres-client.ts'
import type { Postgres } from '../../services/postgres-server.ts'
import type { TcpProxy } from '../../services/tcp-proxy.ts'
import { pause } from '../settle.ts'
import type { Destination } from './destination.ts'
import type { Fleet } from './fleet.ts'

export interface Ground {
  readonly fleet: Fleet
  readonly postgres: Postgres
  readonly proxy: TcpProxy
  readonly destination: Destination
  /** Of a superuser, past the proxy. */
  readonly url: string
  readonly random: Random
  /** How long the longest of them lasts. */
  readonly forMs: number
  /** Told how many effects began while it was at its worst, by a fault that says what `effects` should do. */
  begun(count: number): void
}

export interface Fault {
  readonly name: string
  /** What effects should do while it is at its worst. */
  readonly effects?: 'rest' | 'go on'
  /** What it needs to be there, and that back as it was when all has recovered. */
  before?(ground: Ground): Promise<unknown>
  after?(ground: Ground): Promise<unknown>
  /** Resolves when it is over and all that it ended has started again. */
  run(ground: Ground): Promise<unknown>
}

const KILL_EVERY_MS = 1_000
/** So often one of some sixty: what it costs to open another is then less than what there is to do. */
const TERMINATE_EVERY_MS = 20
const RESTARTS = 3
const IDLE = 300
/** Longer than a handler's time-out and what the ledger allows beyond it. */
const FROZEN_MS = 17_000

export const KILLS: Fault = { name: 'kill -9 of any process, every second', run: kills }

/** What a cluster over one Postgres has to survive. */
export const FAULTS: readonly Fault[] = [
  KILLS,
  { name: 'Postgres restarted three times', run: restarts },
  { name: `pg_terminate_backend of any connection, ${1_000 / TERMINATE_EVERY_MS} a second`, run: terminations },
  { name: '300 idle connections', run: idlers },
  {
    name: 'connections cut, delayed, silent',
    // A proxy costs as much as a worker, so nothing goes through it but what it is there for.
    before: ({ fleet, proxy, url }) => fleet.roll({ DATABASE_URL: proxy.url(url) }),
    run: ({ proxy, random, forMs }) => network([proxy], random, forMs),
    after: ({ fleet, url }) => fleet.roll({ DATABASE_URL: url }),
  },
  { name: 'a worker frozen past its leases and woken', run: frozen },
]

/** Of each role one, and then whoever comes. */
async function kills({ fleet, random, forMs }: Ground): Promise<void> {
  const ofEach = shuffled(random, fleet.roles).map((role) => pick(random, fleet.of(role)))
  for (let n = 0; n < Math.max(ofEach.length, forMs / KILL_EVERY_MS); n++) {
    await fleet.kill(ofEach[n] ?? fleet.any())
    await pause(KILL_EVERY_MS)
  }
  await fleet.settled()
}

async function restarts({ postgres, forMs }: Ground): Promise<void> {
  for (let n = 0; n < RESTARTS; n++) {
    await postgres.restart?.()
    await pause(forMs / RESTARTS / 2)
  }
}

/** Whatever it is in the middle of. */
async function terminations({ url, forMs }: Ground): Promise<void> {
  const client = await connected(url)
  for (let n = 0; n < forMs / 2 / TERMINATE_EVERY_MS; n++) {
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = $1
       order by random() limit 1`,
      ['client backend'],
    )
    await pause(TERMINATE_EVERY_MS)
  }
  await client.end()
}

async function idlers({ url, forMs }: Ground): Promise<void> {
  const clients = await Promise.all(Array.from({ length: IDLE }, () => connected(url)))
  await pause(forMs / 2)
  await Promise.all(clients.map((client) => client.end()))
}

/** What networks do, one after another, on each of these ways at once. */
export async function network(ways: readonly TcpProxy[], random: Random, forMs: number): Promise<void> {
  const faults: ((way: TcpProxy) => unknown)[] = [
    (way) => way.cut('both'),
    (way) => way.cut('client'),
    (way) => way.delay(between(random, 20, 150)),
    (way) => way.freeze(),
    (way) => way.refuse(),
  ]
  for (const fault of faults) {
    await Promise.all(ways.map(fault))
    await pause(Math.min(3_000, forMs / 2 / faults.length))
    await Promise.all(ways.map((way) => way.heal()))
  }
}

async function frozen({ fleet }: Ground): Promise<void> {
  const { up } = fleet.of('processing')[0]!
  up.signal('SIGSTOP')
  await pause(FROZEN_MS)
  up.signal('SIGCONT')
}
