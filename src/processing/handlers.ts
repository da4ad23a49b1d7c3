import type Stripe from 'stripe'
import type { RetryPolicy } from '../core/backoff.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import { matches } from '../core/event.ts'
import type { Handles } from '../store/store.ts'
import type { HandlerContext } from './context.ts'
import type { Destination, Forward, Wiring } from './forward.ts'
import { Bucket, type Rate } from './rate.ts'

export type EventType = Stripe.Event['type']

/** A type, a family such as `invoice.*`, or `*`. Types that this `stripe` package does not know yet are fine too. */
export type Pattern = KnownPattern | (string & {})
export type KnownPattern = EventType | Family<EventType> | '*'

/** The event, or the union of events, that a pattern covers; `Stripe.Event` for what the `stripe` package does not know. */
export type EventOf<P extends string> = P extends '*'
  ? Stripe.Event
  : P extends `${infer F}.*`
    ? Known<Extract<Stripe.Event, { type: `${F}.${string}` }>>
    : Known<Extract<Stripe.Event, { type: P }>>

type Known<E> = [E] extends [never] ? Stripe.Event : E
type Family<T extends string> = T extends `${infer F}.${infer Rest}` ? `${F}.*` | `${F}.${Family<Rest>}` : never

/** Returning means done; throwing means again, unless what is thrown is `Dead` or `Later`. */
export type Handler<P extends string = string> = (
  event: EventOf<P>,
  context: HandlerContext,
) => Promise<unknown> | unknown

export interface HandlerOptions {
  /** Its memory and its log lines go by this name. Default: the pattern. */
  readonly name?: string
  /** Then the signal aborts. Default 30 s. */
  readonly timeoutMs?: number
  /** Where its schedule differs from the common one. */
  readonly retry?: Partial<RetryPolicy>
  /** How many of its events may run at once in this process. Default: as many as the worker runs. */
  readonly concurrency?: number
  /** How many of its events may begin a second in this process; what is over that waits, and takes nobody's place. Default: no limit. */
  readonly rate?: Rate | null
  /** `strict`: a failed event holds up the later ones of its lane. Default `flow`. */
  readonly order?: 'flow' | 'strict'
}

export interface Registered {
  readonly name: string
  readonly patterns: readonly string[]
  readonly timeoutMs: number
  readonly retry: Partial<RetryPolicy>
  readonly concurrency: number
  /** Null: as fast as they come. */
  readonly bucket: Bucket | null
  readonly strict: boolean
  readonly run: (event: Stripe.Event, context: HandlerContext) => unknown
}

/** Which handlers there are, and which are busy. */
export interface Handlers {
  on<const P extends Pattern>(pattern: P | readonly P[], handler: Handler<P>): void
  on<const P extends Pattern>(pattern: P | readonly P[], options: HandlerOptions, handler: Handler<P>): void
  /** Those for a type, in the order in which they were registered. */
  matching(type: string): readonly Registered[]
  /** What a lease needs to know; `max` is the room of a handler without a limit of its own. */
  handles(max: number): readonly Handles[]
  take(handlers: readonly Registered[]): void
  free(handlers: readonly Registered[]): void
  room(handler: Registered): number
  /** How long until a handler that its rate holds back has room again; null where none is held back. */
  waitMs(): number | null
  readonly all: readonly Registered[]
  /** Where `forward` handlers send to. */
  destinations(): readonly Destination[]
  /** Gives `forward` handlers, those to come too, what they need of the cluster. */
  wire(wiring: Wiring): void
  /** Only these from now on. What runs ends with the handler that it began with; room is counted anew. */
  replace(all: readonly Registered[]): void
  /** Ends the connections of `forward` handlers. */
  close(): Promise<void>
}

// Types come from signed events, yet a cache is bounded: Stripe has 260 types.
const CACHED_MAX = 1_000

export interface HandlersOptions {
  /** Of a handler that names none. */
  readonly timeoutMs?: number
  readonly clock?: Clock
  /** False: rates do not count, since what handlers reach is not there. */
  readonly rated?: boolean
}

export function createHandlers(options: HandlersOptions = {}): Handlers {
  const { timeoutMs = 30_000, clock = systemClock, rated = true } = options
  const all: Registered[] = []
  const replaced = new Set<Registered>()
  const busy = new Map<Registered, number>()
  const cache = new Map<string, readonly Registered[]>()
  let wiring: Wiring | null = null

  const on = (pattern: string | readonly string[], ...rest: readonly unknown[]) => {
    const added = registered(pattern, rest, { timeoutMs, rated })
    if (all.some(({ name }) => name === added.name)) throw failure('handler_twice', { name: added.name })
    if (wiring) wireAll([added], wiring)
    all.push(added)
    cache.clear()
  }
  const matching = (type: string) => {
    const known = cache.get(type)
    if (known) return known
    const found = all.filter(({ patterns }) => patterns.some((pattern) => matches(pattern, type)))
    if (cache.size >= CACHED_MAX) cache.clear()
    cache.set(type, found)
    return found
  }
  const room = (handler: Registered) => {
    const free = Math.max(0, handler.concurrency - (busy.get(handler) ?? 0))
    return handler.bucket ? Math.min(free, handler.bucket.room(clock.now())) : free
  }
  const count = (handlers: readonly Registered[], by: 1 | -1) => {
    for (const handler of handlers) busy.set(handler, (busy.get(handler) ?? 0) + by)
  }
  /** The connections of a handler that was replaced, as soon as nothing uses them. */
  const letGo = async (handler: Registered) => {
    if (busy.get(handler)) return
    busy.delete(handler)
    replaced.delete(handler)
    if (isForward(handler.run)) await handler.run.close()
  }

  return {
    all,
    on,
    matching,
    room,
    take(handlers) {
      count(handlers, 1)
      for (const { bucket } of handlers) bucket?.take(clock.now())
    },
    waitMs() {
      const waits = all.map(({ bucket }) => bucket?.waitMs(clock.now()) ?? 0).filter((waitMs) => waitMs > 0)
      return waits.length > 0 ? Math.min(...waits) : null
    },
    free(handlers) {
      count(handlers, -1)
      for (const handler of handlers) if (replaced.has(handler)) void letGo(handler)
    },
    handles: (max) => all.flatMap((handler) => handlesOf(handler, Math.min(max, room(handler)))),
    destinations: () => forwardsOf(all).map(({ destination }) => destination),
    wire(given) {
      wiring = given
      wireAll(all, given)
    },
    replace(next) {
      if (wiring) wireAll(next, wiring)
      const before = all.splice(0, all.length, ...next)
      cache.clear()
      for (const handler of before) {
        replaced.add(handler)
        void letGo(handler)
      }
    },
    async close() {
      await Promise.all(forwardsOf([...all, ...replaced]).map((forward) => forward.close()))
    },
  }
}

const forwardsOf = (handlers: readonly Registered[]): Forward[] => handlers.map(({ run }) => run).filter(isForward)

function wireAll(handlers: readonly Registered[], wiring: Wiring): void {
  for (const forward of forwardsOf(handlers)) forward.wire(wiring)
}

const handlesOf = ({ name, patterns, timeoutMs, strict }: Registered, room: number): Handles[] =>
  patterns.map((pattern) => ({ pattern, name, leaseMs: timeoutMs, room, strict }))

function registered(
  pattern: unknown,
  rest: readonly unknown[],
  { timeoutMs: defaultMs, rated }: { timeoutMs: number; rated: boolean },
): Registered {
  const patterns = uncovered(patternsOf(pattern))
  const run = rest.at(-1)
  if (typeof run !== 'function') throw failure('handler_invalid', { what: `The handler of ${patterns} is no function` })
  const forward = isForward(run) ? run : null
  const options = { ...forward?.options, ...optionsOf(rest.length > 1 ? rest[0] : {}) }
  const { timeoutMs = defaultMs, retry = {}, concurrency = Number.POSITIVE_INFINITY, order = 'flow', rate } = options
  // Two routes to one destination differ in their patterns, two destinations of one pattern in their hosts.
  const name = options.name ?? (forward ? `${patterns} to ${forward.destination.name}` : patterns.join())
  return {
    name,
    patterns,
    timeoutMs,
    retry,
    concurrency,
    bucket: rated && rate?.perSecond ? new Bucket(rate.perSecond, rate.burst) : null,
    strict: order === 'strict',
    run: run as Registered['run'],
  }
}

function patternsOf(pattern: unknown): readonly string[] {
  const patterns: unknown[] = Array.isArray(pattern) ? pattern : [pattern]
  if (patterns.length === 0) throw failure('handler_invalid', { what: 'The list of types is empty' })
  for (const one of patterns) {
    if (typeof one !== 'string' || !/^(\*|[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?)$/.test(one))
      throw failure('handler_invalid', { what: `${JSON.stringify(one)} is neither a type nor a family nor *` })
  }
  return patterns as string[]
}

/** A handler is counted once for a type, so a list that names `invoice.*` and `invoice.paid` keeps the first. */
const uncovered = (patterns: readonly string[]): readonly string[] =>
  [...new Set(patterns)].filter((one, _, rest) => !rest.some((other) => other !== one && matches(other, one)))

const checks: { readonly [K in keyof HandlerOptions]-?: (value: unknown) => boolean } = {
  name: (value) => typeof value === 'string' && value.length > 0 && value.length <= 200,
  timeoutMs: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 24 * 3_600_000,
  retry: (value) => typeof value === 'object' && value !== null && Object.entries(value).every(retryFits),
  concurrency: (value) => Number.isInteger(value) && Number(value) >= 1,
  rate: (value) => value === null || (typeof value === 'object' && Object.entries(value).every(rateFits)),
  order: (value) => value === 'flow' || value === 'strict',
}

const retryFits = ([key, value]: [string, unknown]): boolean =>
  ['attempts', 'baseMs', 'factor', 'maxMs'].includes(key) &&
  typeof value === 'number' &&
  value >= (key === 'baseMs' || key === 'maxMs' ? 0 : 1)

const rateFits = ([key, value]: [string, unknown]): boolean => {
  if (value === null || value === undefined) return key === 'perSecond' || key === 'burst'
  if (key === 'burst') return Number.isInteger(value) && Number(value) >= 1
  return key === 'perSecond' && typeof value === 'number' && value > 0 && Number.isFinite(value)
}

function optionsOf(options: unknown): HandlerOptions {
  if (typeof options !== 'object' || options === null)
    throw failure('handler_invalid', { what: 'Options are no object' })
  for (const [key, value] of Object.entries(options)) {
    const check = (checks as Record<string, (value: unknown) => boolean>)[key]
    if (!check) throw failure('handler_invalid', { what: `A handler has no option ${key}` })
    if (value !== undefined && !check(value))
      throw failure('handler_invalid', { what: `${key} cannot be ${JSON.stringify(value)}` })
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

const isForward = (run: unknown): run is Forward & Registered['run'] =>
  typeof run === 'function' && 'destination' in run && 'wire' in run
