import type Stripe from 'stripe'
import { type Clock, systemClock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import { type Random, systemRandom } from '../core/random.ts'
import { sign } from '../stripe/signature.ts'
import type { HandlerContext } from './context.ts'
import { Target } from './destination.ts'
import type { HandlerOptions } from './handlers.ts'
import type { Rate } from './rate.ts'

export interface ForwardOptions {
  /** Takes the events while a `reroute` control for this destination is live. */
  readonly secondary?: string | null
  /** Signs what is forwarded; a function is asked for each request. Default: the first webhook secret, so that the code behind verifies unchanged. */
  readonly secret?: string | null | (() => string | null)
  /** The destination has to answer by then. Default 25 s. */
  readonly timeoutMs?: number
  /** Requests at once. Default 16. */
  readonly concurrency?: number
  /** Requests a second from this process, and how many at once after a rest. Default: no limit. */
  readonly rate?: Rate | null
  /** Sent along; they cannot replace those that Hookkeeper sets. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What people call it (its host), and where it goes while it is rerouted. */
export interface Destination {
  readonly name: string
  readonly secondary: string | null
}

/** What a `forward` handler needs of the cluster. */
export interface Wiring {
  readonly clock: Clock
  readonly random: Random
  /** The first webhook secret just now. */
  secret(): string | null
  rerouted(destination: string): boolean
}

/** A handler that posts each event on. It may be called like any other; until it is wired it uses the system's clock and is never rerouted. */
export interface Forward {
  (event: Stripe.Event, context: HandlerContext): Promise<void>
  readonly destination: Destination
  readonly options: HandlerOptions
  /** Throws `secret_missing` when there is no secret to sign with. */
  wire(wiring: Wiring): void
  close(): Promise<void>
}

/** So much longer than the request's own time-out is the handler's: the destination's silence is reported as such. */
const SPARE_MS = 1_000

/**
 * Posts Stripe's original bytes to `url` with a fresh signature. 2xx is done, 410 is `Dead`, 429 and 503 with `Retry-After` are
 * `Later`, anything else is tried again. While the destination's breaker is open events wait and spend no attempt.
 */
export function forward(url: string, options: ForwardOptions = {}): Forward {
  const { timeoutMs = 25_000, concurrency = 16, rate = null, headers = {} } = options
  const limits = { timeoutMs, connections: concurrency }
  const primary = new Target(url, limits)
  const secondary = options.secondary ? new Target(options.secondary, limits) : null
  let wiring: Wiring = { clock: systemClock, random: systemRandom, secret: () => null, rerouted: () => false }

  const handler = async (event: Stripe.Event, context: HandlerContext): Promise<void> => {
    const target = secondary && wiring.rerouted(primary.name) ? secondary : primary
    const body = context.bytes
    const signature = sign({ body, secrets: [secretOf(options, wiring)], at: wiring.clock.now() })
    await target.post({ body, headers: { ...headers, ...ours(event.id, context, signature) } }, wiring, context.signal)
  }
  return Object.assign(handler, {
    destination: { name: primary.name, secondary: secondary?.name ?? null },
    options: { timeoutMs: timeoutMs + SPARE_MS, concurrency, rate },
    wire(given: Wiring) {
      secretOf(options, given)
      wiring = given
    },
    async close() {
      await Promise.all([primary.close(), secondary?.close()])
    },
  })
}

function secretOf(options: ForwardOptions, wiring: Wiring): string {
  const own = typeof options.secret === 'function' ? options.secret() : options.secret
  const secret = own ?? wiring.secret()
  if (!secret) throw failure('secret_missing')
  return secret
}

const ours = (id: string, { attempt, fence, lane }: HandlerContext, signature: string): Record<string, string> => ({
  'content-type': 'application/json; charset=utf-8',
  'user-agent': 'Hookkeeper',
  'stripe-signature': signature,
  'hookkeeper-event': printable(id),
  'hookkeeper-attempt': String(attempt),
  'hookkeeper-fence': String(fence),
  'hookkeeper-lane': printable(lane),
})

/** A header takes printable ASCII; what else an id may hold is percent-encoded. */
const printable = (text: string): string => (/^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text))
