import { systemClock } from '../../src/core/clock.ts'
import { rssMib } from '../proc.ts'
import { type Order, openLedger } from './open.ts'
import { probe } from './probe.ts'
import { cycles, longestRound, timed } from './run.ts'
import { envelopes, HELD_TYPE } from './shape.ts'

/** One run on a prepared ledger, in a process of its own: given as JSON on the command line, answered by one line of JSON. */
export interface Job {
  readonly path: string
  readonly order: Order
  /** How many finished events the ledger was prepared with. */
  readonly done: number
  readonly events: number
  /** Tells this run's events from all others of the same ledger. */
  readonly run: string
  /** Also works while retention deletes: what is over 35 days old goes, for good. */
  readonly sweep: boolean
}

const { path, order, done, events, run, sweep } = JSON.parse(process.argv[2] ?? '{}') as Job
const next = envelopes(run, () => systemClock.now())

const from = performance.now()
const store = await openLedger(path, order, { bodyDays: 90, eventDays: 90 })
const bootMs = performance.now() - from
const hold = await timed(() => store.ledger.hold([{ why: 'pause:bench', types: [HELD_TYPE] }]))

const measured = await cycles(store.ledger, next, events)
const probes = await probe(store.ledger, done)
await store.close()
const sweepPauseMs = sweep ? await whileSweeping() : null
const { peak } = rssMib(process.pid)
const { user, system } = process.cpuUsage()
const own = { rssMib: peak, cpuMs: (user + system) / 1_000 }
process.stdout.write(`${JSON.stringify({ ...measured, ...probes, bootMs, holdMs: hold.ms, sweepPauseMs, ...own })}\n`)

async function whileSweeping(): Promise<number> {
  const swept = await openLedger(path, order, { bodyDays: 35, eventDays: 35 })
  try {
    return await longestRound(swept.ledger, next, events)
  } finally {
    await swept.close()
  }
}
