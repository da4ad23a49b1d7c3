import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { asked } from '../../test/services/postgres-client.ts'
import { Child } from '../child.ts'
import type { Figures, Settings } from '../harness.ts'
import { withFreshDir } from '../ingest.ts'
import { openLedger } from '../ledger/open.ts'
import type { Shape } from '../ledger/shape.ts'
import { startService } from '../services.ts'
import { fillPostgres } from './fill.ts'
import type { Job, Told } from './main.ts'

const NONE = { done: 0, waiting: 10_000, hot: 0, held: 0 }

export const SHAPES = {
  waiting_10k: NONE,
  waiting_1m: { ...NONE, waiting: 1_000_000 },
  hot: { ...NONE, hot: 100_000 },
  held: { ...NONE, held: 1_000_000 },
} as const satisfies Record<string, Shape>
export type ShapeName = keyof typeof SHAPES

export interface Ledgers {
  of(name: ShapeName): string
  remove(): Promise<void>
}

/** A database for each shape, in one Postgres. Each run leaves it as full as it was. */
export async function prepared({ quick, dir, say }: Settings): Promise<Ledgers> {
  const service = await startService('postgres', dir)
  // What it writes out by itself would fall into whatever is measured beside it.
  await asked(service.url, "alter system set checkpoint_timeout = '1d'")
  await asked(service.url, 'select pg_reload_conf()')
  const of = (name: ShapeName) => Object.assign(new URL(service.url), { pathname: `/${name}` }).href
  for (const [name, shape] of Object.entries(SHAPES) as [ShapeName, Shape][]) {
    const from = performance.now()
    await asked(service.url, `create database ${name}`)
    const store = await openLedger(of(name), 'threaded', { bodyDays: 90, eventDays: 90 })
    await store.close()
    await fillPostgres(of(name), quick ? less(shape) : shape, systemClock.now())
    say(`prepared ${name} in ${((performance.now() - from) / 1_000).toFixed(1)} s`)
  }
  return { of, remove: () => service.stop() }
}

const QUICK_MAX = 50_000
const less = ({ done, waiting, hot, held }: Shape): Shape => ({
  ...{ done, waiting: Math.min(waiting, QUICK_MAX), hot: Math.min(hot, QUICK_MAX), held: Math.min(held, QUICK_MAX) },
})

let run = 0

/** What a lease and a settle cost beside all that waits, and how long it takes to say what waits. */
export function waiting(url: string, { quick, dir }: Settings): Promise<Figures> {
  const argument: Job = { url, events: quick ? 3_000 : 10_000, run: `x${++run}` }
  return withFreshDir(dir, async (own) => {
    const child = new Child('the ledger', new URL('main.ts', import.meta.url), {
      argument,
      logPath: join(own, 'run.log'),
    })
    try {
      const { admitUs, leaseSettleUs, leaseSettleCpuUs, backlogMs, bootMs } = await child.line<Told>(RUN_MS)
      return {
        lease_settle: [leaseSettleUs, 'us'],
        lease_settle_cpu: [leaseSettleCpuUs, 'us'],
        admit: [admitUs, 'us'],
        backlog: [backlogMs, 'ms'],
        boot: [bootMs, 'ms'],
      }
    } finally {
      await child.stop()
      await asked(url, 'checkpoint')
    }
  })
}

const RUN_MS = 600_000
