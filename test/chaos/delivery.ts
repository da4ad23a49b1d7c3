import { systemClock } from '../../src/core/clock.ts'
import { sign } from '../../src/stripe/signature.ts'

export const SECRET = 'whsec_promises_0123456789abcdef'
export const PATH = '/webhooks/stripe'

/** What tells one event of a test from another. */
export interface EventFacts {
  readonly id: string
  readonly type?: string
  readonly customer?: string | null
  /** The id of the object; made from the event's id unless said: two events of one object could be twins. */
  readonly object?: string
  /** In seconds, as Stripe counts. */
  readonly created?: number
}

/** A pretty-printed event, as Stripe sends them, about as large as a small invoice. */
export function eventBody({ id, type = 'invoice.paid', customer = 'cus_1', object, created }: EventFacts): Buffer {
  const name = object ?? `in_${id.slice('evt_'.length)}`
  const value = {
    id,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: created ?? Math.floor(systemClock.now() / 1_000),
    data: {
      object: {
        ...{ id: name, object: type.split('.')[0], customer, amount_due: 1_999, currency: 'eur', attempt_count: 1 },
        lines: { object: 'list', data: LINES.map((line) => ({ ...line, invoice: name })) },
      },
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: `req_${id.slice('evt_'.length)}`, idempotency_key: null },
    type,
  }
  return Buffer.from(JSON.stringify(value, null, 2))
}

const LINES = Array.from({ length: 3 }, (_, n) => ({
  id: `il_${n}`,
  object: 'line_item',
  amount: 1_999,
  description: `Seat ${n + 1} of a plan whose name is neither short nor long`,
  proration: false,
  quantity: 1,
}))

export const signatureOf = (body: Uint8Array, at = systemClock.now(), secret = SECRET): string =>
  sign({ body, secrets: [secret], at })
