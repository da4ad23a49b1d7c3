import type { DatabaseSync } from 'node:sqlite'
import type Stripe from 'stripe'
import type { Cluster } from '../../cluster.ts'
import type { Envelope } from '../../core/event.ts'
import { readEvent, toEnvelope } from '../../stripe/shapes.ts'
import { fixture } from '../fixture.ts'

/** Where the tables are that handlers write by `transaction`. */
export interface Look {
  readonly db: DatabaseSync
}

/** What is tried, ready to be tried many times. */
export interface Trial {
  readonly events: readonly Stripe.Event[]
  /** Registers the handlers of one process. */
  readonly start: (cluster: Pick<Cluster, 'on'>) => unknown
  readonly reset: (look: Look) => unknown
  readonly state: (look: Look) => unknown
  readonly onCrash: () => unknown
  readonly seed: number
  /** Which calls answer by a promise, as far as has been seen. */
  readonly kinds: Map<string, 'sync' | 'async'>
}

const envelopes = new WeakMap<Stripe.Event, Envelope>()

export function envelopeOf(event: Stripe.Event): Envelope {
  const known = envelopes.get(event)
  if (known) return known
  const body = fixture.body(event)
  const reading = readEvent(body)
  if (!reading.ok) throw new Error(`One of the events is none that Stripe could send: ${reading.what}.`)
  const arrival = { body, account: 'default', endpoint: 'default', via: 'webhook', mode: 'both' } as const
  envelopes.set(event, toEnvelope(reading.event, arrival))
  return envelopeOf(event)
}
