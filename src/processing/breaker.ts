import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
  type IHalfOpenAfterBackoffContext,
} from 'cockatiel'
import { ceiling, type RetryPolicy } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { failure, hasCode } from '../core/errors.ts'
import { Later } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'

/** So many failures in a row open it. */
const FAILURES_MAX = 5

/** How long it stays open before one event may try: 5 s, 10, 20, ... up to 2 min. */
const OPEN: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, baseMs: 5_000, factor: 2, maxMs: 120_000 }

/** How long others wait while one tries. */
const PROBING_MS = 1_000

/** What a destination said: its status, and how long it wants to be left alone. */
export interface Answer {
  readonly status: number
  readonly laterMs: number | null
}

interface Seams {
  readonly clock: Clock
  readonly random: Random
}

/** Keeps events from a destination that is down: they wait, which costs them no attempt, and one at a time is let through to see. */
export class Breaker {
  readonly #host: string
  #policy: CircuitBreakerPolicy | null = null
  #opensAt = 0

  constructor(host: string) {
    this.#host = host
  }

  /** What `send` gives, or a `Later` when nothing is sent just now. */
  async guard(send: () => Promise<Answer>, seams: Seams): Promise<Answer> {
    this.#policy ??= circuitBreaker(handleWhen(isSilence).orWhenResult(isIllness), {
      breaker: new ConsecutiveBreaker(FAILURES_MAX),
      halfOpenAfter: { next: ({ attempt }) => this.#opened(attempt, seams.clock) },
    })
    // cockatiel would let the others wait for the probe in their places; so long a wait is the ledger's.
    if (this.#policy.state === CircuitState.HalfOpen) throw this.#later(PROBING_MS, seams.random)
    try {
      return await this.#policy.execute(send)
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error
      throw this.#later(this.#opensAt - seams.clock.now(), seams.random)
    }
  }

  /** cockatiel compares `duration` with the wall clock at each call; answered like this, ours decides. */
  #opened(attempt: number, clock: Clock): IBackoff<IHalfOpenAfterBackoffContext> {
    const endsAt = clock.now() + ceiling(OPEN, attempt)
    this.#opensAt = endsAt
    return {
      get duration() {
        return clock.now() >= endsAt ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
      },
      next: (context) => this.#opened(context.attempt, clock),
    }
  }

  /** Spread over as much again, so that what waited does not come back in one burst. */
  #later(leftMs: number, random: Random): Later {
    const delayMs = Math.ceil(leftMs * (1 + random()))
    const cause = failure('destination_breaker', { host: this.#host, ms: delayMs })
    return Object.assign(new Later(delayMs), { cause })
  }
}

// Silence and 5xx say that the destination is ill. A 4xx may be about one event, and a wish to be left alone is granted, not counted.
const isSilence = (error: Error): boolean => hasCode(error, 'destination_unreachable')

const isIllness = (answer: unknown): boolean => {
  const { status, laterMs } = answer as Answer
  return status >= 500 && laterMs === null
}
