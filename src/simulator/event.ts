import type { Json } from '../core/outcome.ts'
import { seconds } from './calendar.ts'
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
  /** The Connect account that it happened to, null for the merchant's own. */
  readonly account: string | null
  readonly json: { readonly [key: string]: Json }
  readonly body: Buffer
}

export interface Happening {
  readonly id: string
  readonly type: string
  readonly at: number
  readonly object: { readonly [key: string]: Json }
  readonly previous: { readonly [key: string]: Json } | null
  /** The API request that caused it, null where the clock did. */
  readonly request: { readonly id: string; readonly key: string } | null
  readonly livemode: boolean
  /** The Connect account that it happened to, null for the merchant's own. */
  readonly account?: string | null
  /** By default the current one. */
  readonly apiVersion?: string
}

export function simulatedEvent({ id, type, at, object, previous, request, ...about }: Happening): SimulatedEvent {
  const { account = null, apiVersion = API_VERSION, livemode } = about
  return asEvent(
    {
      id,
      object: 'event',
      ...(account === null ? {} : { account }),
      api_version: apiVersion,
      created: seconds(at),
      data: previous ? { object, previous_attributes: previous } : { object },
      livemode,
      pending_webhooks: 1,
      request: { id: request?.id ?? null, idempotency_key: request?.key ?? null },
      type,
    },
    at,
  )
}

/** What Stripe at times does: a second event of one change, the same but for its id. */
export const twinOf = (event: SimulatedEvent, id: string): SimulatedEvent => asEvent({ ...event.json, id }, event.at)

function asEvent(json: SimulatedEvent['json'], at: number): SimulatedEvent {
  const { object, previous_attributes: before } = json['data'] as unknown as Data
  let body: Buffer | null = null
  return {
    id: String(json['id']),
    type: String(json['type']),
    at,
    created: seconds(at),
    object: textOf(object['id']),
    customer: customerOf(object) ?? textOf(before?.['customer']),
    account: textOf(json['account']),
    json,
    // Printing costs more than all else about an event, and many are made that nobody sends.
    get body() {
      body ??= print(json)
      return body
    },
  }
}

interface Data {
  readonly object: { readonly [key: string]: Json }
  readonly previous_attributes?: { readonly [key: string]: Json }
}

function customerOf(object: { readonly [key: string]: Json }): string | null {
  return object['object'] === 'customer' ? textOf(object['id']) : textOf(object['customer'])
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
