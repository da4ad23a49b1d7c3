import type { Logger } from '../core/service.ts'
import type { FetchHandler } from '../ingestion/fetch.ts'

/** What a platform lends a request: work that may go on after the answer. `executionCtx` of Hono, `{ waitUntil: after }` in Next. */
export interface Lent {
  waitUntil?(work: Promise<unknown>): void
}

/** The webhook route of anything that speaks `Request` and `Response`. With `waitUntil` it needs no start: what it recorded is worked after the answer. */
export type FetchRoute = (request: Request, lent?: Lent | object) => Promise<Response>

export interface Bare {
  readonly log: Logger
  /** Opens the ledger where nothing has been started. */
  open(): Promise<unknown>
  pass(): Promise<unknown>
}

/** A platform that may freeze the process from then on is told of the pass that is still to come. */
export function workingAfter(answer: FetchHandler, bare: Bare): FetchRoute {
  return async (request, lent) => {
    // A framework may hand over something else there, such as Next the parameters of the route.
    const platform: Lent = lent ?? {}
    if (typeof platform.waitUntil !== 'function') return answer(request)
    await opened(bare)
    const response = await answer(request)
    if (response.status === 200) platform.waitUntil(bare.pass().catch((error) => complain(bare, error)))
    return response
  }
}

/** A ledger that cannot be opened is a 503, and the reason is in the log: Stripe comes again. */
export const opened = (bare: Pick<Bare, 'log' | 'open'>): Promise<unknown> =>
  bare.open().catch((error) => complain(bare, error))

const complain = ({ log }: Pick<Bare, 'log'>, error: unknown): void =>
  log.error({ code: (error as { code?: string }).code }, (error as Error).message)
