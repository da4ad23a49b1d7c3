import type { Random } from '../../../src/core/random.ts'
import { openPostgres } from '../../../src/store/postgres.ts'
import type { Backlog, Store } from '../../../src/store/store.ts'
import { Place } from '../../services/place.ts'
import { asked } from '../../services/postgres-client.ts'
import { type Postgres, startPostgres, systemPrograms } from '../../services/postgres-server.ts'
import { TcpProxy } from '../../services/tcp-proxy.ts'
import { EFFECTS } from '../ground.ts'
import { Destination } from './destination.ts'
import type { Fault } from './faults.ts'
import { Fleet } from './fleet.ts'
import { Watch } from './watch.ts'

/** A broker between those that take events and those that work them. */
export interface Front {
  /** Where the processes find it. */
  readonly env: Readonly<Record<string, string>>
  readonly faults: readonly Fault[]
  /** What it holds; rejects while it is away. Null where nobody can say. */
  readonly waiting: (() => Promise<number>) | null
}

/** Starts one. What it opens is ended by `ends`, in whatever state it is. */
export type OpenFront = (place: Place, ends: AsyncDisposableStack) => Promise<Front>

/** All that a trial is played with. */
export interface Scene {
  readonly front: Front | null
  readonly postgres: Postgres
  readonly proxy: TcpProxy
  readonly destination: Destination
  readonly store: Store
  readonly fleet: Fleet
  /** What the ledger has open, and what stands in front of it. */
  readonly watch: Watch
}

const ROLES = { ingestion: 3, processing: 4 } as const
/** Postgres with as many connections as a small instance of a cloud allows. */
const SETTINGS = { max_connections: '400', shared_buffers: '256MB' }

const LEDGER_LOOK_MS = 100
const FRONT_LOOK_MS = 1_000

/** Three processes that take events and four that work them, over one Postgres behind a network that fails. */
export async function scene(
  { random, front: openFront }: { readonly random: Random; readonly front?: OpenFront },
  ends: AsyncDisposableStack,
): Promise<Scene> {
  const place = new Place('cluster', { endMs: 15_000 })
  ends.defer(() => place.end())
  const front = (await openFront?.(place, ends)) ?? null
  const postgres = await startPostgres(place, (await systemPrograms()) ?? '', SETTINGS)
  const proxy = await new TcpProxy({ port: postgres.port }).start()
  ends.defer(() => proxy.close())
  const destination = await Destination.start()
  ends.defer(() => destination.close())
  const store = await openPostgres({ url: postgres.url, migrates: true })
  ends.defer(() => store.close())
  await asked(postgres.url, EFFECTS)
  const env = { DATABASE_URL: postgres.url, DESTINATION_PORT: String(destination.port), ...front?.env }
  const fleet = new Fleet({ place, random, roles: ROLES, env })
  ends.defer(() => fleet.end())
  await fleet.start()
  // Each process in front is asked, and its broker by it.
  const lookMs = front ? FRONT_LOOK_MS : LEDGER_LOOK_MS
  const watch = new Watch(async () => {
    // First what is in front: what moves on meanwhile is seen twice, and not missed.
    const waiting = await inFront(front, fleet)
    return waiting + openIn(await store.ledger.backlog())
  }, lookMs)
  return { front, postgres, proxy, destination, store, fleet, watch }
}

/** What is in the broker, and what the disks before it hold. */
async function inFront(front: Front | null, fleet: Fleet): Promise<number> {
  if (!front) return 0
  const spooled = await Promise.all(fleet.of('ingestion').map(({ up }) => spooledBy(up)))
  return spooled.reduce((sum, one) => sum + one, 0) + ((await front.waiting?.()) ?? 0)
}

async function spooledBy(up: { get<V>(path: string): Promise<V> }): Promise<number> {
  const { broker } = await up.get<{ broker: { spooled: number | null } }>('/api/v1/status')
  return broker.spooled ?? 0
}

const openIn = ({ ready, scheduled, held, running }: Backlog): number => ready + scheduled + held + running
