import type { Outcome } from '../core/outcome.ts'
import { leaseMs } from './running.ts'
import { Worker, type WorkerOptions } from './worker.ts'

export type Bounds = NonNullable<WorkerOptions['bounds']>

/** What became of the events of one pass. Those that are in none of the other counts were given back. */
export interface Passed {
  readonly leased: number
  readonly done: number
  /** They come again: after an error, or because their handler asked for it. */
  readonly again: number
  readonly dead: number
  /** The lease ran out under them: another worker has them. */
  readonly late: number
}

/**
 * Works what is ready and ends: after `max` events, when `ms` are over, or when nothing more is ready. Nothing stays leased: what has
 * begun by then ends within its handlers' time-outs, what has not is given back.
 */
export async function pass(options: Omit<WorkerOptions, 'bounds' | 'drainMs'>, bounds: Bounds): Promise<Passed> {
  const counts: Record<Outcome['kind'] | 'late', number> = { done: 0, retry: 0, wait: 0, dead: 0, late: 0 }
  const meter: WorkerOptions['meter'] = {
    ...counting(options.meter),
    count(type, outcome) {
      counts[outcome]++
      options.meter.count(type, outcome)
    },
  }
  const concurrency = Math.min(options.concurrency, bounds.max)
  // Longer than any lease of these handlers: each attempt ends by its own time-outs.
  const drainMs = leaseMs(options.handlers.all)
  const leased = await new Worker({ ...options, meter, concurrency, drainMs, bounds }).pass()
  const { done, retry, wait, dead, late } = counts
  return { leased, done, again: retry + wait, dead, late }
}

const counting = (
  meter: WorkerOptions['meter'],
): Pick<WorkerOptions['meter'], 'attemptSeconds' | 'settleLagSeconds' | 'putOff'> => ({
  attemptSeconds: (type, seconds) => meter.attemptSeconds(type, seconds),
  settleLagSeconds: (seconds) => meter.settleLagSeconds(seconds),
  putOff: (type, handler) => meter.putOff(type, handler),
})
