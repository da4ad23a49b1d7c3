import type { Random } from '../../../src/core/random.ts'
import type { Account } from '../books.ts'
import { Load } from '../load.ts'
import { arrived, books, finished } from './closing.ts'
import { FAULTS, type Fault } from './faults.ts'
import type { Fleet } from './fleet.ts'
import { Owed } from './owed.ts'
import { saturation } from './saturation.ts'
import { type OpenFront, type Scene, scene } from './scene.ts'
import { Watch } from './watch.ts'

export interface TrialPlan {
  readonly random: Random
  /** What stands in front of the ledger, and what fails of it, instead of what fails of Postgres. */
  readonly front?: OpenFront
  readonly ratePerSecond: number
  /** How long the longest fault lasts. */
  readonly forMs: number
  /** Of the saturated windows before and after; 0: none is measured. */
  readonly windowMs: number
}

export interface TrialReport {
  readonly account: Account
  /** Done, and the destination was never told. */
  readonly untold: readonly string[]
  readonly acknowledged: number
  readonly answers: Readonly<Record<string, number>>
  readonly offeredPerSecond: number
  readonly recoveries: readonly Recovery[]
  readonly killed: Fleet['killed']
  /** Saturated, in events a second. */
  readonly before: number
  readonly after: number
  readonly slowestStopMs: number
  /** What the destination refused for a fence lower than one it had seen. */
  readonly refused: number
}

/** What a fault did. */
export interface Recovery {
  readonly fault: string
  readonly open: number
  /** After its end: how long until no more is open than before it. */
  readonly ms: number
  /** Beside the load it did not come to that, so the load rested meanwhile. */
  readonly rested: boolean
  /** The longest time in which no effect began. */
  readonly stallMs: number
  /** What effects should do while it is at its worst, and how many began. */
  readonly effects: Fault['effects']
  readonly begun: number
}

/** The level before a fault is looked at for so much of the longest fault's time. */
const LEVEL_SHARE = 24
/** Below that nobody can tell a backlog from what is under way. */
const LEVEL_MIN = 200
const OWED_LOOK_MS = 50
const BESIDE_LOAD_MS = 30_000
const RECOVERY_MAX_MS = 180_000

/** A cluster under load throughout, while all that it stands on fails in turn. */
export async function trial(plan: TrialPlan): Promise<TrialReport> {
  const { random, ratePerSecond, windowMs } = plan
  await using ends = new AsyncDisposableStack()
  const on = await scene(plan, ends)
  const { fleet, destination } = on
  const owed = new Owed(destination.ids)
  const load = new Load({
    ...{ sender: fleet, random, ratePerSecond, customers: 2_000, repeats: 0.1 },
    onAcknowledged: (id) => owed.promised(id),
  })
  destination.onTaken((id) => owed.paid(id))
  ends.defer(() => load.stop())
  const saturated = async () => (windowMs > 0 ? saturation(on, { random, windowMs }) : Number.NaN)
  const before = await saturated()
  load.start()
  // In a broker nobody can count; what is owed is the same wherever it lies.
  const watch = on.front ? new Watch(async () => owed.count, OWED_LOOK_MS) : on.watch
  const recoveries: Recovery[] = []
  for (const fault of on.front?.faults ?? FAULTS) recoveries.push(await suffered(fault, on, { ...plan, watch, load }))
  await load.stop()
  await arrived(on, load.acknowledged)
  await finished(on)
  const after = await saturated()
  await Promise.all(fleet.members.map((member) => fleet.stop(member)))
  const { answers, perSecond: offeredPerSecond, acknowledged } = load
  return {
    ...(await books(on, acknowledged)),
    ...{ acknowledged: acknowledged.size, answers, offeredPerSecond, recoveries, killed: fleet.killed },
    ...{ before, after, slowestStopMs: Math.max(...fleet.stopsMs), refused: destination.refused },
  }
}

async function suffered(
  fault: Fault,
  { fleet, postgres, proxy, destination }: Scene,
  { random, forMs, watch, load }: Pick<TrialPlan, 'random' | 'forMs'> & Watched,
): Promise<Recovery> {
  let begun = 0
  const ground = {
    ...{ fleet, postgres, proxy, destination, url: postgres.url, random, forMs },
    begun: (count: number) => void (begun += count),
  }
  await fault.before?.(ground)
  await watch.until(LEVEL_MIN, BESIDE_LOAD_MS)
  const open = Math.max(await watch.highest(forMs / LEVEL_SHARE), LEVEL_MIN)
  destination.mark()
  await fault.run(ground)
  const ended = performance.now()
  const beside = await watch.until(open, BESIDE_LOAD_MS)
  // Where there is less and less to do, nobody stalls who does nothing.
  const { stallMs } = destination
  const rested = beside > BESIDE_LOAD_MS
  const back = !rested || (await relieved(load, () => watch.until(open, RECOVERY_MAX_MS)))
  const ms = back ? performance.now() - ended : Number.POSITIVE_INFINITY
  await fault.after?.(ground)
  return { fault: fault.name, open, ms, rested, stallMs, effects: fault.effects, begun }
}

interface Watched {
  readonly watch: Watch
  readonly load: Load
}

/** A machine may not carry the load and what a fault left behind: the next one is to find a cluster that is whole, so then the load rests. */
async function relieved(load: Load, back: () => Promise<number>): Promise<boolean> {
  await load.stop()
  const ms = await back()
  load.start()
  return ms <= RECOVERY_MAX_MS
}
