import { backoff, ceiling, type RetryPolicy } from '../core/backoff.ts'
import { type ErrorNote, isDead, isLater, type Later, type Outcome } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'
import type { Work } from '../store/store.ts'
import { note } from './note.ts'
import { isTransient } from './transient.ts'

/** What became of one handler's go at an event. `handler` is null where none was reached: the body could not be read. */
export type Result = {
  readonly handler: string | null
  /** Where its schedule differs from the common one. */
  readonly retry: Partial<RetryPolicy>
} & Ending

export type Ending =
  | { readonly kind: 'returned' }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'timeout'; readonly error: unknown }
  /** It returned, and of what it gave to `settleIn` nothing is known. */
  | { readonly kind: 'rolled-back'; readonly error: unknown }

export interface Policy {
  /** The common schedule. */
  readonly retry: RetryPolicy
  /** So many leases in a row that ran out are enough: the event is taken for what ends its process. */
  readonly lostMax: number
  /** How long, from the first `Later` on, an event may be put off. */
  readonly laterMaxMs: number
  /** Of a handler's recent first attempts, so many retries are planned beside them: 0.1 is one in ten. */
  readonly retryBudget: number
}

/**
 * How an attempt ends. One that went wrong counts more than one that asks to wait, and that more than one that refuses:
 * a dead letter is made only when nobody hopes any more.
 *
 * | among the results | outcome |
 * |---|---|
 * | an ordinary error, a time-out or a transaction that was rolled back | `retry`, by the longest schedule among those that failed; `dead/exhausted` when none has an attempt left |
 * | else a `Later` | `wait`, the shortest delay; `dead/waited` seven days after the first |
 * | else a `Dead` | `dead/refused` |
 * | else | `done/worked` |
 */
export function decide(work: Work, results: readonly Result[], policy: Policy, random: Random): Outcome {
  const bad = results.filter((result) => result.kind !== 'returned')
  if (bad.length === 0) return WORKED

  const failed = failedOf(bad)
  if (failed.length > 0) return again(work, failed, policy, random)

  const later = bad.filter((result) => isLater(result.error))
  if (later.length > 0) return wait(work, later, policy)

  return { kind: 'dead', reason: 'refused', error: noteOf(bad[0]) }
}

/** Those that went wrong and neither asked to wait nor refused. */
export const failedOf = (results: readonly Result[]): readonly Bad[] =>
  results.filter((result) => result.kind !== 'returned').filter(isFailure)

const isFailure = (result: Bad): boolean => result.kind !== 'threw' || !(isLater(result.error) || isDead(result.error))

/** When an attempt that failed so is made again: ten times as soon where it says nothing of the event. */
export function scheduleOf({ error, retry }: Bad, common: RetryPolicy): RetryPolicy {
  const schedule = { ...common, ...retry }
  return isTransient(error) ? { ...schedule, baseMs: schedule.baseMs / SOONER } : schedule
}

const SOONER = 10

/** What is clear before any handler runs, or null. `handled`: some handler is there for the type. */
export function decideBefore(work: Work, handled: boolean, policy: Policy): Outcome | null {
  if (work.twinOf !== null) return { kind: 'done', reason: 'twin' }
  if (work.lost >= policy.lostMax) return { kind: 'dead', reason: 'lost', error: lostNote(work.lost) }
  return handled ? null : { kind: 'done', reason: 'unhandled' }
}

const WORKED: Outcome = { kind: 'done', reason: 'worked' }

type Bad = Extract<Result, { error: unknown }>

/** Which of several failures is told. */
const RANKS = { timeout: 0, threw: 1, 'rolled-back': 2 } as const
const REASONS = { timeout: 'timeout', threw: 'failed', 'rolled-back': 'rolled-back' } as const

function again(work: Work, failed: readonly Bad[], policy: Policy, random: Random): Outcome {
  const worst = failed.toSorted((one, other) => RANKS[one.kind] - RANKS[other.kind])[0]
  const error = noteOf(worst)
  const schedules = failed.map((result) => scheduleOf(result, policy.retry)).filter(hasMore(work.attempt))
  const longest = schedules.sort((one, other) => spanMs(other) - spanMs(one))[0]
  const delayMs = longest ? backoff(longest, work.attempt, random) : null
  if (delayMs === null) return { kind: 'dead', reason: 'exhausted', error }
  return { kind: 'retry', delayMs, reason: worst ? REASONS[worst.kind] : 'failed', error }
}

/** The last wait is cut to end with the seven days, so that a long one asked for early is still tried once more. */
function wait(work: Work, later: readonly Bad[], policy: Policy): Outcome {
  const leftMs = policy.laterMaxMs - (work.laterMs ?? 0)
  const first = [...later].sort((one, other) => delayOf(one) - delayOf(other))[0]
  const error = noteOf(first)
  if (!first || leftMs <= 0) return { kind: 'dead', reason: 'waited', error }
  return { kind: 'wait', delayMs: Math.min(delayOf(first), leftMs), reason: 'later', error }
}

const delayOf = (result: Bad): number => (result.error as Later).delayMs

const hasMore = (attempt: number) => (schedule: RetryPolicy) => attempt < schedule.attempts

/** How long a schedule can last. Beyond its thousandth attempt no two schedules need telling apart. */
function spanMs(schedule: RetryPolicy): number {
  let sum = 0
  for (let attempt = 1; attempt < Math.min(schedule.attempts, 1_000); attempt++) sum += ceiling(schedule, attempt)
  return sum
}

const noteOf = (result: Bad | undefined): ErrorNote | null => (result ? note(result.error, result.handler) : null)

const lostNote = (lost: number): ErrorNote => ({
  name: 'Lost',
  code: null,
  handler: null,
  message: `${lost} leases in a row ran out: its handlers may end their process`,
})
