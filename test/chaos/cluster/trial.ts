import type { Random } from '../../../src/core/random.ts'
import { openPostgres } from '../../../src/store/postgres.ts'
import { Place } from '../../services/place.ts'
import { startPostgres, systemPrograms } from '../../services/postgres-server.ts'
import { TcpProxy } from '../../services/tcp-proxy.ts'
import { type Account, compared, effectsOf, entriesOf } from '../books.ts'
import { asked, EFFECTS } from '../ground.ts'
import { Load } from '../load.ts'
import { pause } from '../settle.ts'
import { Destination } from './destination.ts'
import { FAULTS, type Fault, type Ground } from './faults.ts'
import { Fleet } from './fleet.ts'
import { Watch } from './watch.ts'

export interface TrialPlan {
  readonly random: Random
  /** What stands in front of the ledger, and what fails of it, instead of what fails of Postgres. */
  readonly front?: (place: Place) => Promise<Front>
  readonly ratePerSecond: number
  /** How long the longest fault lasts. */
  readonly forMs: number
  /** Of the saturated windows before and after; 0: none is measured. */
  readonly windowMs: number
}

/** A broker between those that take events and those that work them. */
export interface Front {
  /** Where the processes find it. */
  readonly env: Readonly<Record<string, string>>
  readonly faults: readonly Fault[]
  /** What it holds; rejects while it is away. Null where nobody can say: there a backlog is the ledger's alone. */
  readonly waiting: (() => Promise<number>) | null
  close(): Promise<void>
}

export interface TrialReport {
  readonly account: Account
  readonly acknowledged: number
  readonly answers: Readonly<Record<string, number>>
  readonly offeredPerSecond: number
  readonly recoveries: readonly Recovery[]
  /** Saturated, in events a second. */
  readonly before: number
  readonly after: number
  readonly slowestStopMs: number
  /** What the destination refused for a fence lower than one it had seen. */
  readonly refused: number
}

/** After the end of a fault: how long until no more is open than before it. */
export interface Recovery {
  readonly fault: string
  readonly open: number
  readonly ms: number
}

const ROLES = { ingestion: 3, processing: 4 } as const
/** Postgres with as many connections as a small instance of a cloud allows. */
const SETTINGS = { max_connections: '400', shared_buffers: '256MB' }
const WINDOWS = 5
const FILL_PER_SECOND = 1_500
/** The level before a fault is looked at for so much of the longest fault's time. */
const LEVEL_SHARE = 12
/** Below that nobody can tell a backlog from what is under way. */
const LEVEL_MIN = 200
const RECOVERY_MAX_MS = 60_000

/** Three processes that take events and four that work them, over one Postgres behind a network that fails, under load throughout. */
export async function trial(plan: TrialPlan): Promise<TrialReport> {
  const { random, ratePerSecond, forMs, windowMs } = plan
  const place = new Place('cluster', { endMs: 15_000 })
  const front = (await plan.front?.(place)) ?? null
  const postgres = await startPostgres(place, (await systemPrograms()) ?? '', SETTINGS)
  const proxy = await new TcpProxy({ port: postgres.port }).start()
  const destination = await Destination.start()
  const store = await openPostgres({ url: postgres.url, migrates: true })
  await asked(postgres.url, EFFECTS)
  const url = proxy.url(postgres.url)
  const env = { DATABASE_URL: url, DESTINATION: destination.url, ...front?.env }
  const fleet = await new Fleet({ place, random, roles: ROLES, env }).start()
  const watch = new Watch(store, () => inFront(front, fleet))
  const load = new Load({ sender: fleet, random, ratePerSecond, customers: 2_000, repeats: 0.1 })
  const saturated = async () => (windowMs > 0 ? saturation(fleet, watch, { random, windowMs }) : Number.NaN)
  try {
    const before = await saturated()
    load.start()
    const recoveries = []
    for (const fault of front?.faults ?? FAULTS) {
      const level = Math.max(await watch.highest(forMs / LEVEL_SHARE), LEVEL_MIN)
      await fault.run({ fleet, postgres, proxy, url: postgres.url, random, forMs } satisfies Ground)
      recoveries.push({ fault: fault.name, open: level, ms: await watch.until(level, RECOVERY_MAX_MS) })
    }
    await load.stop()
    await arrived(postgres.url, load.acknowledged.size)
    await finished(fleet, watch)
    const after = await saturated()
    await Promise.all(fleet.members.map((member) => fleet.stop(member)))
    const account = compared(await entriesOf(store), await effectsOf(postgres.url), load.acknowledged)
    const { answers, perSecond: offeredPerSecond } = load
    const slowestStopMs = Math.max(...fleet.stopsMs)
    const { refused } = destination
    return {
      ...{ account, acknowledged: load.acknowledged.size, answers, offeredPerSecond, recoveries },
      ...{ before, after, slowestStopMs, refused },
    }
  } finally {
    await load.stop()
    await fleet.end()
    await store.close()
    await proxy.close()
    destination.close()
    await front?.close()
    await place.end()
  }
}

/** What is in the broker, and what the disks before it hold. */
async function inFront(front: Front | null, fleet: Fleet): Promise<number> {
  if (!front) return 0
  const takers = fleet.of('ingestion')
  const spooled = await Promise.all(
    takers.map(
      async ({ up }) => (await up.get<{ broker: { spooled: number | null } }>('/api/v1/status')).broker.spooled,
    ),
  )
  return spooled.reduce((sum: number, one) => sum + (one ?? 0), (await front.waiting?.()) ?? 0)
}

/** Everything is worked, what our own kills made a dead letter of included. */
async function finished(fleet: Fleet, watch: Watch): Promise<void> {
  await fleet.settled()
  await drained(watch)
  if ((await watch.dead()) === 0) return
  await fleet.of('processing')[0]!.up.act('replay', { state: 'dead', reason: 'lost', limit: 1_000 })
  await drained(watch)
}

/** All that got a 200 is in the ledger, or it took too long: then the books will say which are not. */
async function arrived(url: string, count: number): Promise<void> {
  const until = performance.now() + DRAIN_MS
  const recorded = async () => Number((await asked(url, 'select count(*) as count from hookkeeper_seen'))[0]?.['count'])
  while ((await recorded()) < count && performance.now() < until) await pause(200)
}

async function drained(watch: Watch): Promise<void> {
  if ((await watch.until(0, DRAIN_MS)) > DRAIN_MS)
    throw new Error(`after ${DRAIN_MS} ms ${await watch.open()} events are open`)
}

const DRAIN_MS = 120_000

/** Fills the ledger while nobody works, and measures how fast it is emptied. */
async function saturation(
  fleet: Fleet,
  watch: Watch,
  { random, windowMs }: { random: Random; windowMs: number },
): Promise<number> {
  await watch.until(0, RECOVERY_MAX_MS)
  const workers = fleet.of('processing')
  await Promise.all(workers.map((worker) => fleet.stop(worker)))
  const fill = new Load({
    ...{ sender: fleet, random, ratePerSecond: FILL_PER_SECOND, customers: 2_000, repeats: 0 },
    prefix: `fill_${fleet.stopsMs.length}_`,
  }).start()
  await pause(Math.ceil((WINDOWS + 1) * windowMs * FILL_SHARE))
  await fill.stop()
  await Promise.all(workers.map((worker) => fleet.restart(worker)))
  await pause(windowMs / 2)
  const rate = await watch.drain(WINDOWS, windowMs)
  await watch.until(0, RECOVERY_MAX_MS)
  return rate
}

/** For each second of measuring so many of filling: enough, and not for minutes. */
const FILL_SHARE = 1
