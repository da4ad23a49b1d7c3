import { failure } from '../core/errors.ts'
import type { Deadlines, Due } from './deadlines.ts'
import type { Ending } from './decide.ts'

/**
 * One handler's go at one event: its signal, its deadline, and how it is left behind when it does not come back. Once over,
 * what the handler still tries through its context is refused.
 */
export class Turn implements Due {
  /** Its transaction is committed: whatever it throws after that, it does not run again. */
  committed = false
  /** It gave a transaction to `settleIn`: whether that was committed is for the ledger to say. */
  settling = false
  dueAt: number
  readonly endsAt: number
  readonly #limits: Limits
  readonly #deadlines: Deadlines
  #over = false
  #late: Ending | null = null
  #aborted: { reason: unknown } | null = null
  #controller: AbortController | null = null
  #end: (ending: Ending) => void = () => {}

  constructor(limits: Limits, deadlines: Deadlines) {
    this.#limits = limits
    this.#deadlines = deadlines
    this.endsAt = limits.startedAt + limits.timeoutMs
    this.dueAt = this.endsAt
  }

  get over(): boolean {
    return this.#over
  }

  /** Made when somebody asks: a signal costs more than all else in here, and most handlers never look at it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted) this.#controller.abort(this.#aborted.reason)
    return this.#controller.signal
  }

  /** Resolves when `work` is over or left behind; never rejects. */
  take(work: () => unknown): Promise<Ending> {
    return new Promise((resolve) => {
      this.#end = resolve
      try {
        const returned = work()
        if (!isPromise(returned)) return this.#finish(RETURNED)
        this.#deadlines.add(this)
        returned.then(() => this.#finish(RETURNED), this.#threw)
      } catch (error) {
        this.#threw(error)
      }
    })
  }

  /** Its time is up: first the signal, then, when that is not heard, the end. */
  fall(): void {
    if (this.#late) this.#finish(this.#late)
    else this.#expire()
  }

  #expire(): void {
    const error = failure('handler_timeout', { ms: this.#limits.timeoutMs })
    this.#late = { kind: 'timeout', error }
    this.dueAt = this.endsAt + this.#limits.graceMs
    this.#abort(error)
    // The signal may have ended it on the spot.
    if (!this.#over) this.#deadlines.add(this)
  }

  /** Ends it now: its signal aborts, and nobody waits for it any more. */
  leave(reason: unknown): void {
    if (this.#over) return
    this.#abort(reason)
    this.#threw(reason)
  }

  readonly #threw = (error: unknown): void => this.#finish({ kind: 'threw', error })

  #abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(reason)
  }

  /** What returns after its time-out is late all the same: it was told to stop, so nobody knows what it left out. */
  #finish(ending: Ending): void {
    if (this.#over) return
    this.#over = true
    this.#deadlines.delete(this)
    this.#end(this.#late ?? ending)
  }
}

export interface Limits {
  readonly startedAt: number
  readonly timeoutMs: number
  /** What is left between the signal and the end. */
  readonly graceMs: number
}

const RETURNED: Ending = { kind: 'returned' }

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
