import { join } from 'node:path'
import { Child } from '../../bench/child.ts'
import type { LoadPlan, LoadResult } from '../../bench/load/plan.ts'
import { PATH, SECRET } from '../chaos/delivery.ts'

/** Every event is of a customer of its own: what waits in a lane before it would be part of each figure. */
const LANES = 2 ** 32
const CONNECTIONS = 64
const START_MS = 30_000
const END_MS = 60_000

export interface CrowdPlan {
  readonly port: number
  readonly dir: string
  /** Tells its events from those of another load: their ids bear it. */
  readonly nonce: string
  readonly ratePerSecond: number
  readonly nowEvery: number
  /** Sent before, and not measured. */
  readonly warmUpMs: number
  readonly forMs: number
}

/** A load at a fixed rate, by a process of its own. */
export async function crowd(plan: CrowdPlan): Promise<LoadResult> {
  const { port, nonce, ratePerSecond, nowEvery, warmUpMs, forMs, dir } = plan
  const argument: LoadPlan = {
    ...{ port, path: PATH, secret: SECRET, nonce, lanes: LANES, connections: CONNECTIONS, nowEvery, ratePerSecond },
    ...{ warmUpMs, measureMs: forMs, requestsMax: 1_000_000 },
  }
  const program = new URL('../../bench/load/main.ts', import.meta.url)
  const generator = new Child('The load generator', program, { argument, logPath: join(dir, 'generator.log') })
  try {
    await generator.line(warmUpMs + START_MS)
    return (await generator.line<{ result: LoadResult }>(forMs + END_MS)).result
  } finally {
    await generator.stop()
  }
}
