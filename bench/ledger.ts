import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { Child } from './child.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { fill } from './ledger/fill.ts'
import type { Job } from './ledger/main.ts'
import type { Order } from './ledger/open.ts'
import type { Probes } from './ledger/probe.ts'
import type { Cycles } from './ledger/run.ts'
import type { Shape } from './ledger/shape.ts'
import { freshDir } from './machine.ts'
import { watchForeign } from './proc.ts'
import type { Bar, Figure } from './rows.ts'

/** A prepared ledger under one scheduler. Two subjects may share a ledger: each run leaves it as full as it was. */
interface Case {
  readonly ledger: keyof typeof SHAPES
  readonly order: Order
}

const SHAPES = {
  small: { done: 10_000, waiting: 10_000, hot: 0, held: 0 },
  large: { done: 10_000_000, waiting: 1_000_000, hot: 0, held: 0 },
  hot: { done: 10_000, waiting: 10_000, hot: 100_000, held: 0 },
  held: { done: 10_000, waiting: 10_000, hot: 0, held: 1_000_000 },
} as const satisfies Record<string, Shape>

const CASES = {
  lanes_10k: { ledger: 'small', order: 'lanes' },
  fifo_10k: { ledger: 'small', order: 'fifo' },
  lanes_1m: { ledger: 'large', order: 'lanes' },
  fifo_1m: { ledger: 'large', order: 'fifo' },
  lanes_hot: { ledger: 'hot', order: 'lanes' },
  lanes_held: { ledger: 'held', order: 'lanes' },
  threaded_10k: { ledger: 'small', order: 'threaded' },
} as const satisfies Record<string, Case>
type CaseName = keyof typeof CASES
/** Which of them also works while retention deletes. */
const SWEPT: CaseName = 'lanes_1m'

const costs = (subject: CaseName): Bar => ({ subject, metric: 'lease_settle', atMost: 1.5, of: 'lanes_10k' })
const within = (subject: CaseName, metric: string, atMost: number): Bar => ({ subject, metric, atMost, of: null })

/** What lanes cost, and what a great many events cost: no HTTP, the store alone. */
export const ledger: Bench = {
  name: 'ledger',
  about: 'admit, lease and settle on the store alone, all durable, 64 at a time, 1,000 lanes',
  reference: null,
  alternations: { full: 5, quick: 1 },
  bars: [
    { subject: 'lanes_10k', metric: 'rate', atLeast: 0.85, of: 'fifo_10k' },
    { subject: 'lanes_1m', metric: 'rate', atLeast: 0.7, of: 'fifo_1m' },
    ...(['lanes_1m', 'lanes_hot', 'lanes_held'] as const).map(costs),
    within('lanes_1m', 'backlog', 5),
    within('lanes_held', 'backlog', 5),
    within('lanes_1m', 'list', 50),
    within('lanes_1m', 'look_up', 50),
    within(SWEPT, 'sweep_pause', 100),
  ],
  run: prepared,
}

/** Prepares the ledgers, then takes the cases in turns. */
async function prepared(settings: Settings): Promise<Figure[]> {
  const { dir, remove } = freshDir(settings.dir)
  try {
    for (const name of Object.keys(SHAPES) as (keyof typeof SHAPES)[]) {
      const started = performance.now()
      fill(pathOf(dir, name), shapeOf(name, settings.quick), systemClock.now())
      settings.say(`prepared ${name} in ${((performance.now() - started) / 1_000).toFixed(1)} s`)
    }
    let run = 0
    return await alternate(Object.keys(CASES), settings, (name) =>
      figures(name as CaseName, { dir, run: ++run, settings }),
    )
  } finally {
    remove()
  }
}

const QUICK_SHARE = 20
const QUICK_LEAST = 10_000

/** A quick run takes a twentieth, but leaves the small ledger as it is: what one run works off has to be less than what waits. */
function shapeOf(name: keyof typeof SHAPES, quick: boolean): Shape {
  const shape: Shape = SHAPES[name]
  if (!quick) return shape
  const less = (count: number) => Math.min(count, Math.max(QUICK_LEAST, count / QUICK_SHARE))
  return { done: less(shape.done), waiting: less(shape.waiting), hot: less(shape.hot), held: less(shape.held) }
}

const pathOf = (dir: string, name: string) => join(dir, `${name}.db`)

interface Measured extends Cycles, Probes {
  readonly bootMs: number
  readonly holdMs: number
  /** The longest round while retention deleted; null where it was not asked for. */
  readonly sweepPauseMs: number | null
  readonly rssMib: number
  /** Of the whole run, start included. */
  readonly cpuMs: number
}

interface Turn {
  readonly dir: string
  readonly run: number
  readonly settings: Settings
}

async function figures(name: CaseName, { dir, run, settings: { quick } }: Turn): Promise<Figures> {
  const { ledger: shape, order } = CASES[name]
  const job: Job = {
    path: pathOf(dir, shape),
    order,
    done: shapeOf(shape, quick).done,
    events: quick ? 5_000 : 30_000,
    run: `x${run}`,
    sweep: name === SWEPT,
  }
  const child = new Child(name, new URL('ledger/main.ts', import.meta.url), {
    argument: job,
    logPath: join(dir, 'run.log'),
  })
  const foreign = watchForeign()
  try {
    const measured = await child.line<Measured>(RUN_MS)
    return {
      rate: [measured.rate, '1/s'],
      cycle_cpu: [measured.cycleCpuUs, 'us'],
      admit: [measured.admitUs, 'us'],
      lease_settle: [measured.leaseSettleUs, 'us'],
      lease_settle_cpu: [measured.leaseSettleCpuUs, 'us'],
      backlog: [measured.backlogMs, 'ms'],
      list: [measured.listMs, 'ms'],
      look_up: [measured.lookUpMs, 'ms'],
      boot: [measured.bootMs, 'ms'],
      hold: [measured.holdMs, 'ms'],
      ...(measured.sweepPauseMs !== null && { sweep_pause: [measured.sweepPauseMs, 'ms'] as const }),
      rss: [measured.rssMib, 'MiB'],
      foreign: [foreign(measured.cpuMs), 'cores'],
    }
  } finally {
    await child.stop()
  }
}

const RUN_MS = 600_000
