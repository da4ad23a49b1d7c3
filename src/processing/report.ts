import type { Clock } from '../core/clock.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Logger } from '../core/service.ts'
import type { Settled } from '../store/store.ts'
import type { Running } from './running.ts'

/** Where processing counts. Whoever keeps the figures maps unknown types to one label. */
export interface Meter {
  /** `hookkeeper_events_total{type,outcome}`; the outcome `late` is one that met a stale fence. */
  count(type: string, outcome: Outcome['kind'] | 'late'): void
  /** `hookkeeper_attempt_seconds{type}`: from lease to settled. */
  attemptSeconds(type: string, seconds: number): void
  /** `hookkeeper_settle_lag_seconds`: from received to done. */
  settleLagSeconds(seconds: number): void
  /** `hookkeeper_retries_put_off_total{type,handler}`: the retry budget was spent. */
  putOff(type: string, handler: string): void
}

/** One count and one line per outcome. */
export function report(
  running: Running,
  end: { outcome: Outcome; settled: Settled },
  { log, meter, clock }: { log: Logger; meter: Meter; clock: Clock },
): void {
  const { work, leasedAt } = running
  const { id, type, object } = work.event
  const outcome = kindOf(end)
  const tookMs = clock.now() - leasedAt
  meter.count(type, outcome)
  meter.attemptSeconds(type, tookMs / 1_000)
  if (outcome === 'done') meter.settleLagSeconds((work.waitedMs + tookMs) / 1_000)

  const { level, message, ...rest } = lineOf(end)
  log[level]({ outcome, type, id, object, attempt: work.attempt, ...rest }, message)
}

function kindOf({ outcome, settled }: { outcome: Outcome; settled: Settled }): Outcome['kind'] | 'late' {
  if (settled === 'stale') return 'late'
  return settled === 'already' ? 'done' : outcome.kind
}

interface Line {
  readonly level: keyof Logger
  readonly message: string
  readonly reason?: string
  readonly delayMs?: number
  readonly code?: string | null
  readonly handler?: string | null
}

function lineOf({ outcome, settled }: { outcome: Outcome; settled: Settled }): Line {
  if (settled === 'stale') return LATE
  if (settled === 'already') return ALREADY
  if (outcome.kind === 'done') return { level: 'debug', message: 'done', reason: outcome.reason }
  const { reason, error } = outcome
  const why = { message: error?.message ?? reason, reason, code: error?.code ?? null, handler: error?.handler ?? null }
  if (outcome.kind === 'dead') return { level: 'error', ...why }
  return { level: 'info', ...why, delayMs: outcome.delayMs }
}

const LATE: Line = { level: 'warn', message: 'the lease was no longer ours: nothing of this attempt was kept' }
const ALREADY: Line = { level: 'debug', message: 'done in its own transaction', reason: 'worked' }
