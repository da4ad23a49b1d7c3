import type { z } from 'zod'
import type { Action, ActionHands } from '../actions/action.ts'
import type { ActionMeter } from '../actions/perform.ts'
import type { BrokerBacklog, Finding } from '../broker/broker.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import type { Store } from '../store/store.ts'

/** One route of the private listener. Routing, validation and OpenAPI are all made from it. */
export interface Route<Q extends z.ZodObject = z.ZodObject, B extends z.ZodType = z.ZodType> {
  readonly method: 'get' | 'post'
  /** As OpenAPI writes it: `/api/v1/events/{id}`. */
  readonly path: string
  readonly about: string
  readonly query: Q | null
  readonly body: B | null
  /** What it answers when all is well, or the media type where that is not JSON. */
  readonly answer: z.ZodType | string
  /** Statuses that it may answer besides 200 and what every route may. */
  readonly statuses: readonly number[]
  /** A `Response` is sent as it is, anything else as JSON. */
  run(call: Call<z.output<Q>, z.output<B>>, deps: ApiDeps): Promise<unknown>
}

export interface Call<Q, B> {
  readonly query: Q
  readonly body: B
  param(name: string): string
  header(name: string): string | null
  /** Aborts when the client goes or the listener stops: what streams ends then. */
  readonly signal: AbortSignal
}

/** What the API speaks for. */
export interface ApiDeps {
  readonly store: Store
  /** Null where events go straight into the ledger. */
  readonly broker: BrokerFace | null
  readonly clock: Clock
  readonly log: Logger
  readonly roles: readonly string[]
  ready(): Promise<Readiness>
  /** What Prometheus reads. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>
  readonly actions: readonly Action[]
  readonly hands: ActionHands & { readonly meter: ActionMeter }
}

/** How the broker in front of the ledger is. What could not be asked in time is null: unknown is not zero. */
export interface BrokerFace {
  readonly name: string
  /** `spooled` waits on this machine's disk for it; null without a spool. */
  measure(): Promise<{ readonly backlog: BrokerBacklog | null; readonly spooled: number | null }>
  check(): Promise<readonly Finding[] | null>
}

export interface Readiness {
  readonly ok: boolean
  /** What stands in the way, a sentence each; where `ok`, in the way of others. */
  readonly why: readonly string[]
}

/** Keeps a route's own types where it is written, and fits it into the list of routes. */
export const defineRoute = <Q extends z.ZodObject, B extends z.ZodType>(route: Route<Q, B>): Route =>
  route as unknown as Route
