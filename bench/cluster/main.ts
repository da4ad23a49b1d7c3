import { systemClock } from '../../src/core/clock.ts'
import { openLedger } from '../ledger/open.ts'
import { longest } from '../ledger/probe.ts'
import { type Cycles, cycles, settle, WANT } from '../ledger/run.ts'
import { envelopes, HELD_TYPE } from '../ledger/shape.ts'

/** One run on a prepared database, in a process of its own: given as JSON on the command line, answered by one line of JSON. */
export interface Job {
  readonly url: string
  readonly events: number
  /** Tells this run's events from all others of the same database. */
  readonly run: string
}

export interface Told extends Cycles {
  /** The longest of a hundred. */
  readonly backlogMs: number
  /** Until all buckets are owned and the first lease is granted. */
  readonly bootMs: number
}

const { url, events, run } = JSON.parse(process.argv[2] ?? '{}') as Job
const next = envelopes(run, () => systemClock.now())
const BOOT_MS = 120_000
const BACKLOGS = 100

const from = performance.now()
const { ledger, close } = await openLedger(url, 'threaded', { bodyDays: 90, eventDays: 90 })
await ledger.hold([{ why: 'pause:bench', types: [HELD_TYPE] }])
await settle(ledger, await ledger.lease({ ...WANT, waitMs: BOOT_MS }))
const bootMs = performance.now() - from

const measured = await cycles(ledger, next, events)
const backlogMs = await longest(BACKLOGS, () => ledger.backlog())
await close()
process.stdout.write(`${JSON.stringify({ ...measured, backlogMs, bootMs } satisfies Told)}\n`)
