import { AsyncLocalStorage } from 'node:async_hooks'
import { failure, type HookkeeperError, hasCode } from '../core/errors.ts'

/** One event's rehearsal, and what it met that cannot be rehearsed. */
export class Trial {
  readonly #met: (what: string) => void
  readonly #bytes: Uint8Array
  #end = Promise.withResolvers<never>()
  #over = false

  /** `met` is told once, of the first thing; also late, when the event has been settled already. */
  constructor(bytes: Uint8Array, met: (what: string) => void) {
    this.#bytes = bytes
    this.#met = met
    this.#end.promise.catch(() => {})
  }

  /** Rejects when it meets something: what comes after says nothing any more, and need not be waited for. */
  get end(): Promise<never> {
    return this.#end.promise
  }

  /** Gives the error for whoever tried. */
  meet(what: string): HookkeeperError {
    const error = failure('rehearsal_refused', { what })
    if (!this.#over) {
      this.#over = true
      this.#met(what)
      this.#end.reject(error)
    }
    return error
  }

  /** An address, unless the event itself names it: nothing of a body is told. */
  address(host: string, port: string): string {
    return Buffer.from(this.#bytes).includes(host) ? 'an address that the event names' : `${host}:${port}`
  }
}

const trials = new AsyncLocalStorage<Trial>()

/** Whatever `work` begins belongs to the trial, however late. */
export const during = <V>(trial: Trial, work: () => V): V => trials.run(trial, work)

export const trialNow = (): Trial | undefined => trials.getStore()

/** What stands behind an error: a refusal, in a library's own words (`fetch failed`, an AggregateError) or plainly. */
export function refusalIn(error: unknown, depth = 0): HookkeeperError | 'denied' | null {
  if (hasCode(error, 'rehearsal_refused')) return error
  if (typeof error !== 'object' || error === null || depth > DEPTH_MAX) return null
  if ('code' in error && error.code === 'ERR_ACCESS_DENIED') return 'denied'
  const behind = [...('cause' in error ? [error.cause] : []), ...('errors' in error ? several(error.errors) : [])]
  for (const one of behind) {
    const found = refusalIn(one, depth + 1)
    if (found) return found
  }
  return null
}

const DEPTH_MAX = 5
const several = (errors: unknown): unknown[] => (Array.isArray(errors) ? errors.slice(0, 10) : [])
