/** Values that survive `JSON.stringify`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export const STATES = ['waiting', 'running', 'done', 'dead'] as const
export type State = (typeof STATES)[number]

export const DONE_REASONS = ['worked', 'unhandled', 'recorded', 'twin', 'discarded'] as const
export type DoneReason = (typeof DONE_REASONS)[number]

export const DEAD_REASONS = ['exhausted', 'refused', 'lost', 'waited', 'quarantined'] as const
export type DeadReason = (typeof DEAD_REASONS)[number]

export const AGAIN_REASONS = ['failed', 'timeout', 'later', 'rolled-back'] as const
export type AgainReason = (typeof AGAIN_REASONS)[number]

/** What is kept of an error: its class, its code and a templated message. Never a value from the body, never a driver's detail. */
export interface ErrorNote {
  readonly name: string
  readonly code: string | null
  readonly handler: string | null
  readonly message: string
}

/** How one attempt ends. `retry` counts against the schedule, `wait` (asked for by `Later`) does not. */
export type Outcome =
  | { readonly kind: 'done'; readonly reason: DoneReason }
  | {
      readonly kind: 'retry' | 'wait'
      readonly delayMs: number
      readonly reason: AgainReason
      readonly error: ErrorNote | null
    }
  | { readonly kind: 'dead'; readonly reason: DeadReason; readonly error: ErrorNote | null }

// Two copies of the package may meet in one process (a bundler, a linked checkout), so brands, not classes, are compared.
const DEAD = Symbol.for('hookkeeper.dead')
const LATER = Symbol.for('hookkeeper.later')

/** Throw it from a handler to say: never again, keep it as a dead letter. */
export class Dead extends Error {
  override name = 'Dead'
  readonly [DEAD] = true
}

/** Throw it from a handler to say: not yet. Costs no attempt; after seven days of waiting the event is dead, reason `waited`. */
export class Later extends Error {
  override name = 'Later'
  readonly [LATER] = true
  readonly delayMs: number
  constructor(delayMs: number, why = 'not yet') {
    super(why)
    if (!(delayMs >= 0)) throw new RangeError(`new Later(${delayMs}) needs a delay in milliseconds, 0 or more`)
    this.delayMs = delayMs
  }
}

export const isDead = (error: unknown): boolean => branded(error, DEAD)
export const isLater = (error: unknown): error is Later => branded(error, LATER)

function branded(error: unknown, brand: symbol): boolean {
  return typeof error === 'object' && error !== null && brand in error
}
