import { ceiling } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { isLater, type Outcome } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'
import type { Settled, Work } from '../store/store.ts'
import { failedOf, type Policy, type Result, scheduleOf } from './decide.ts'

/** So many retries a second are always planned for, however little else there is. */
const FLOOR_PER_SECOND = 10
/** How long a first attempt counts as recent: what is older weighs less and less. */
const RECENT_S = 30
/** Beyond ten minutes the schedule itself keeps retries apart. */
const PLANNED_S = 600
/** A retry is put off by at most so many times what its schedule allows at that attempt. */
const STRETCH = 10

const SECOND_MS = 1_000

export interface BudgetDeps {
  readonly policy: Pick<Policy, 'retry' | 'retryBudget'>
  readonly clock: Clock
  readonly random: Random
  /** Told of each retry that was put off, and for which handler. */
  readonly putOff: (type: string, handler: string) => void
}

/** An outcome as it is to be settled, and what of the budgets it takes. */
export interface Planned {
  readonly outcome: Outcome
  readonly places: readonly Place[]
}

interface Place {
  readonly plan: Plan
  /** Null beyond what is planned. */
  readonly second: number | null
  /** It comes later than its jitter drew. */
  readonly putOff: (() => void) | null
}

/**
 * When an outage ends, what failed in it must not come back all at once. Each handler, and so each destination, has a budget in each
 * process: for every second as many retries are planned as are `retryBudget` of its recent first attempts a second, or ten. A retry
 * takes its place when it is settled, so one that is put off costs no lease and no attempt. What a process has planned is forgotten
 * with it; the dates stay in the ledger.
 */
export class RetryBudget {
  readonly #deps: BudgetDeps
  readonly #plans = new Map<string, Plan>()

  constructor(deps: BudgetDeps) {
    this.#deps = deps
  }

  /** The same outcome, or a retry that comes later. Its places are taken until it is known how it was settled. */
  plan(work: Work, results: readonly Result[], outcome: Outcome): Planned {
    const now = this.#deps.clock.now()
    if (work.attempt === 1) this.#count(results, now)
    if (outcome.kind !== 'retry') return { outcome, places: [] }
    const { delayMs, places } = this.#fit(outcome.delayMs, work, results, now)
    return { outcome: { ...outcome, delayMs }, places }
  }

  /** What its handler's own transaction had made done is not tried again, and what another has is not ours to try: no place is taken. */
  settled({ places }: Planned, settled: Settled): void {
    for (const { plan, second, putOff } of places) {
      if (settled === 'settled') putOff?.()
      else plan.free(second)
    }
  }

  /** What asks to wait comes again as the first attempt that it is. */
  #count(results: readonly Result[], now: number): void {
    for (const result of results) {
      if (result.handler === null || (result.kind === 'threw' && isLater(result.error))) continue
      this.#planOf(result.handler).first(Math.floor(now / SECOND_MS))
    }
  }

  /** It has to fit into the budget of each handler that failed. */
  #fit(drawnMs: number, work: Work, results: readonly Result[], now: number) {
    const { policy, random, putOff } = this.#deps
    const places: Place[] = []
    let delayMs = drawnMs
    for (const result of failedOf(results)) {
      const { handler } = result
      if (handler === null) continue
      const stretchMs = ceiling(scheduleOf(result, policy.retry), work.attempt) * STRETCH
      const plan = this.#planOf(handler)
      const fitted = plan.fit({ now, delayMs, untilMs: drawnMs + stretchMs }, random)
      const later = fitted.delayMs > delayMs
      places.push({ plan, second: fitted.second, putOff: later ? () => putOff(work.event.type, handler) : null })
      delayMs = fitted.delayMs
    }
    return { delayMs, places }
  }

  #planOf(handler: string): Plan {
    const known = this.#plans.get(handler)
    if (known) return known
    const plan = new Plan(this.#deps.policy.retryBudget)
    this.#plans.set(handler, plan)
    return plan
  }
}

/**
 * How many retries of one handler come in each of the next seconds. A retry gets the second that its jitter drew or, where that is
 * full, the next one that is not. Where none has room before its stretch ends it gets any of them: nothing waits for ever, and the
 * peak is still the lowest that there can be.
 *
 * | first attempts a second, at a budget of 0.1 | retries planned for a second | 10,000 that fail together come back over |
 * |--:|--:|--:|
 * | 100 or fewer | 10 | 100 s, the stretch of the first retry, about 100 in each |
 * | 1,000 | 100 | 100 s |
 * | 10,000 | 1,000 | 10 s |
 */
class Plan {
  readonly #share: number
  readonly #planned = new Uint32Array(PLANNED_S)
  /** The second that has begun: those before it are over. */
  #second = 0
  /** First attempts in it, and those before it as far as they still weigh. */
  #firsts = 0
  #recent = 0

  constructor(share: number) {
    this.#share = share
  }

  first(second: number): void {
    if (second > this.#second) this.#pass(second)
    this.#firsts++
  }

  /** For a retry whose jitter drew `delayMs`: the same, or longer, and the second whose place it takes. */
  fit({ now, delayMs, untilMs }: { now: number; delayMs: number; untilMs: number }, random: Random) {
    if (Math.floor(now / SECOND_MS) > this.#second) this.#pass(Math.floor(now / SECOND_MS))
    const own = Math.floor((now + delayMs) / SECOND_MS)
    const last = Math.min(Math.floor((now + untilMs) / SECOND_MS), this.#second + PLANNED_S - 1)
    if (own > last) return { delayMs, second: null }
    const second = this.#roomIn(own, last) ?? own + Math.floor(random() * (last - own + 1))
    this.#planned[second % PLANNED_S]!++
    return { second, delayMs: second === own ? delayMs : Math.floor((second + random()) * SECOND_MS) - now }
  }

  free(second: number | null): void {
    if (second !== null && second >= this.#second) this.#planned[second % PLANNED_S]!--
  }

  #roomIn(first: number, last: number): number | null {
    const full = Math.max(FLOOR_PER_SECOND, (this.#share * (this.#recent + this.#firsts)) / RECENT_S)
    for (let second = first; second <= last; second++) if (this.#planned[second % PLANNED_S]! < full) return second
    return null
  }

  #pass(second: number): void {
    const over = second - this.#second
    this.#recent = (this.#recent + this.#firsts) * Math.exp(-over / RECENT_S)
    this.#firsts = 0
    for (let n = 0; n < Math.min(over, PLANNED_S); n++) this.#planned[(this.#second + n) % PLANNED_S] = 0
    this.#second = second
  }
}
