import { join } from 'node:path'
import { Child } from './child.ts'
import type { LoadPlan, LoadResult } from './load/plan.ts'
import { cpuMs, rssMib, treeCpuMs, watchForeign } from './proc.ts'
import type { Running } from './subjects/subject.ts'

/** One load on one server, with what the server and everybody else used meanwhile. */
export interface Measured extends LoadResult {
  /** The server's CPU time for each 200, in microseconds. */
  readonly cpuUs: number
  /** The same of the Redis or Postgres that it keeps its events in; 0 when it needs none. */
  readonly serviceCpuUs: number
  readonly rssPeakMib: number
  /** Cores that programs other than server, its Redis or Postgres, generator and harness kept busy: over about half a core the run is noise. */
  readonly foreignCores: number
}

export interface Load extends Omit<LoadPlan, 'port' | 'path' | 'nonce'> {}

/** `begun` is called when the warm-up is over. */
export async function measure(running: Running, load: Load, begun = () => {}): Promise<Measured> {
  const plan: LoadPlan = { ...load, port: running.port, path: '/webhooks/stripe', nonce: nonce() }
  const generator = new Child('The load generator', new URL('load/main.ts', import.meta.url), {
    argument: plan,
    logPath: join(running.dir, 'generator.log'),
  })
  try {
    await generator.line(plan.warmUpMs + START_MS)
    begun()
    const serverCpuMs = () => sum(running.pids.map(cpuMs))
    const serviceCpuMs = () => sum(running.services.map(treeCpuMs))
    const before = { server: serverCpuMs(), service: serviceCpuMs() }
    const foreign = watchForeign()
    const { result } = await generator.line<{ result: LoadResult }>(plan.measureMs + END_MS)
    const serverMs = serverCpuMs() - before.server
    const serviceMs = serviceCpuMs() - before.service
    return {
      ...result,
      cpuUs: (serverMs * 1_000) / Math.max(1, result.ok),
      serviceCpuUs: (serviceMs * 1_000) / Math.max(1, result.ok),
      rssPeakMib: sum(running.pids.map((pid) => rssMib(pid).peak)),
      foreignCores: foreign(serverMs + serviceMs + result.ownCpuMs),
    }
  } finally {
    await generator.stop()
  }
}

const START_MS = 30_000
const END_MS = 60_000

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

let loads = 0
/** Two loads into one ledger must not share an id. */
const nonce = (): string => `${process.pid.toString(36)}x${(loads++).toString(36)}`
