import type { LoadResult } from '../../bench/load/plan.ts'
import type { Entry } from '../../src/store/store.ts'
import { looked } from '../chaos/books.ts'
import { pause } from '../chaos/settle.ts'
import { Place } from '../services/place.ts'
import { type Cores, coresOf } from './cores.ts'
import { crowd } from './crowd.ts'
import { type Held, Memory } from './memory.ts'
import { HANDLER_MS, STAGES, type Stage } from './stages.ts'

export interface TrialPlan {
  readonly stage: string
  /** Before each of the two loads. */
  readonly warmUpMs: number
  readonly quietMs: number
  readonly surgeMs: number
}

export interface Trial {
  readonly stage: string
  readonly quiet: Phase
  readonly surge: Phase
  readonly answered200: number
  readonly recorded: number
  readonly worked: number
  /** Answered with 200 and not done in the end. */
  readonly lost: number
  /** Events that the surge left, and how many of them were done a second with twenty times the slots. */
  readonly backlog: number
  readonly drainPerSecond: number
  readonly memory: readonly Held[]
  readonly drainCores: Cores
}

/** One load, and how long buyers waited in it, in milliseconds. */
export interface Phase {
  readonly load: LoadResult
  readonly buyers: number
  /** From recorded in the ledger to done. */
  readonly doneP99: number
  /** From when an event was meant to be sent to the end of its handler: all of the way. */
  readonly handledP99: number
  readonly cores: Cores
}

export const SLOTS = 5
export const FACTOR = 20
/** What the handlers bear a second. */
export const CAPACITY = (SLOTS * 1_000) / HANDLER_MS
const SURGE = CAPACITY * FACTOR
const QUIET = { ratePerSecond: CAPACITY / 2, nowEvery: 5 }
const DRAIN_MS = 300_000
/** The last of a backlog is too little to keep a hundred slots busy. */
const TAIL = 0.05

/** A quiet time at half of what the handlers bear, a surge of twenty times all of it, and the backlog with twenty times the slots. */
export async function trial({ stage: name, warmUpMs, quietMs, surgeMs }: TrialPlan): Promise<Trial> {
  const place = new Place('surge', { endMs: 15_000 })
  try {
    const stage = await STAGES[name]!(place)
    const dir = await place.folder()
    await stage.slots(SLOTS)
    const memory = new Memory(stage.pids)
    const quietPlan = { port: stage.port, dir, nonce: 'quiet', warmUpMs, forMs: quietMs, ...QUIET }
    const surgePlan = { ...quietPlan, nonce: 'surge', forMs: surgeMs, ratePerSecond: SURGE, nowEvery: 100 }

    const quiet = await timed(stage, () => crowd(quietPlan))
    await emptied(stage)
    memory.mark('quiet')
    const surge = await timed(stage, () => crowd(surgePlan))
    memory.mark('surge')
    await stage.slots(SLOTS * FACTOR)
    const backlog = await open(stage)
    const cores = coresOf(stage)
    const drainPerSecond = await drain(stage, backlog)
    const drainCores = cores(0)
    await emptied(stage)
    memory.mark('drained')
    const held = memory.end()
    await stage.stop()

    const { entries } = await looked(stage.ledger)
    const worked = entries.filter(({ state, reason }) => state === 'done' && reason === 'worked').length
    const answered200 = quiet.load.acknowledged + surge.load.acknowledged
    return {
      ...{ stage: name, quiet: phase(quiet, entries, 'quiet'), surge: phase(surge, entries, 'surge') },
      ...{ answered200, recorded: entries.length, worked, lost: Math.max(0, answered200 - worked) },
      ...{ backlog, drainPerSecond, drainCores, memory: held },
    }
  } finally {
    await place.end()
  }
}

interface Timed {
  readonly load: LoadResult
  readonly handled: readonly number[]
  readonly cores: Cores
}

/** A load, and what the handlers tell of buyers meanwhile. */
async function timed(stage: Stage, run: () => Promise<LoadResult>): Promise<Timed> {
  const handled: number[] = []
  stage.worker.onLine(({ handled: ms }) => {
    if (typeof ms === 'number') handled.push(ms)
  })
  const cores = coresOf(stage)
  const load = await run()
  return { load, handled: [...handled], cores: cores(load.ownCpuMs) }
}

function phase({ load, handled, cores }: Timed, entries: readonly Entry[], nonce: string): Phase {
  const buyers = entries.filter(({ id, type }) => type.startsWith('checkout.') && id.includes(nonce))
  const done = buyers.map(({ doneAt, receivedAt }) => (doneAt ?? Number.POSITIVE_INFINITY) - receivedAt)
  return { load, buyers: buyers.length, doneP99: p99(done), handledP99: p99(handled), cores }
}

const p99 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN

interface Status {
  readonly backlog: Readonly<Record<'ready' | 'scheduled' | 'held' | 'running', number>>
  readonly broker: { readonly backlog: { readonly waiting: number } | null } | null
}

/** What is not done: in the ledger, and in front of it. */
async function open({ worker }: Stage): Promise<number> {
  const { backlog, broker } = await worker.get<Status>('/api/v1/status')
  return backlog.ready + backlog.scheduled + backlog.held + backlog.running + (broker?.backlog?.waiting ?? 0)
}

async function below(stage: Stage, level: number): Promise<void> {
  const until = performance.now() + DRAIN_MS
  for (let left = await open(stage); left > level; left = await open(stage)) {
    if (performance.now() > until) throw new Error(`After ${DRAIN_MS} ms ${left} events are open.`)
    await pause(100)
  }
}

const emptied = (stage: Stage): Promise<void> => below(stage, 0)

/** How many events are done a second, from the backlog to its last part. */
async function drain(stage: Stage, backlog: number): Promise<number> {
  const from = performance.now()
  await below(stage, backlog * TAIL)
  return ((backlog - (await open(stage))) * 1_000) / (performance.now() - from)
}
