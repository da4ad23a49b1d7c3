import type { Json } from '../core/outcome.ts'
import { seconds } from './calendar.ts'
import { asJson, type StripeObject } from './objects/wire.ts'
import { print } from './print.ts'

/** The version that the objects here are shaped by. */
export const API_VERSION = '2026-10-28.endive'

/** One event of the merchant: what Stripe would send, and the same as a value. */
export interface SimulatedEvent {
  readonly id: string
  readonly type: string
  /** When it happened on the merchant's clock, in milliseconds; the body has it in seconds. */
  readonly at: number
  /** In seconds, as in the body. */
  readonly created: number
  /** The id of `data.object`, null where Stripe gives it none. */
  readonly object: string | null
  readonly customer: string | null
  readonly json: { readonly [key: string]: Json }
  readonly body: Buffer
}

export interface Happening {
  readonly id: string
  readonly type: string
  readonly at: number
  readonly object: StripeObject
  readonly previous: { readonly [key: string]: Json } | null
  /** The API request that caused it, null where the clock did. */
  readonly request: { readonly id: string; readonly key: string } | null
  readonly livemode: boolean
}

export function simulatedEvent(happening: Happening): SimulatedEvent {
  const { id, type, at, previous } = happening
  const object = asJson(happening.object)
  const json: SimulatedEvent['json'] = {
    id,
    object: 'event',
    api_version: API_VERSION,
    created: seconds(at),
    data: previous ? { object, previous_attributes: previous } : { object },
    livemode: happening.livemode,
    pending_webhooks: 1,
    request: { id: happening.request?.id ?? null, idempotency_key: happening.request?.key ?? null },
    type,
  }
  let body: Buffer | null = null
  return {
    ...{ id, type, at, created: seconds(at), object: textOf(object['id']), customer: customerOf(object), json },
    // Printing costs more than all else about an event, and many are made that nobody sends.
    get body() {
      body ??= print(json)
      return body
    },
  }
}

function customerOf(object: { readonly [key: string]: Json }): string | null {
  return object['object'] === 'customer' ? textOf(object['id']) : textOf(object['customer'])
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
