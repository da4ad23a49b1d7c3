import type { Lent } from '../broker/broker.ts'
import { UNOPENED } from '../broker/sealed.ts'
import type { Envelope } from '../core/event.ts'
import { detailOf } from '../stripe/eventbridge.ts'
import { type Mode, readEvent, toEnvelope } from '../stripe/shapes.ts'

/** What counts for the messages of one broker. */
export interface MessageRules {
  /** Whoever can write into the broker is believed: messages that are not ours are Stripe's. */
  readonly trusted: boolean
  /** Whose events the trusted ones are. */
  readonly account: string
  readonly modeOf: (account: string) => Mode
  readonly bodyBytesMax: number
}

export type Sorted =
  | { readonly kind: 'event'; readonly envelope: Envelope }
  | { readonly kind: 'stray'; readonly why: string }

/** What a message is: an event that ingestion has verified, one from a trusted broker, or a stray. Never throws. */
export function sort(message: Lent, rules: MessageRules): Sorted {
  const unopened = message.attributes[UNOPENED]
  if (unopened !== undefined) return stray(unopened)
  return message.id === '' ? foreign(message.body, rules) : ours(message, rules)
}

function ours({ body, attributes }: Lent, { modeOf }: MessageRules): Sorted {
  const reading = readEvent(body)
  if (!reading.ok) return stray(`it was marked as verified, but ${reading.what}`)
  const { account = 'default', endpoint = account } = attributes
  return {
    kind: 'event',
    envelope: toEnvelope(reading.event, { body, account, endpoint, via: 'webhook', mode: modeOf(account) }),
  }
}

/** No signature comes by this road: what counts is who may write into the broker. */
function foreign(body: Uint8Array, { trusted, account, modeOf, bodyBytesMax }: MessageRules): Sorted {
  if (!trusted) return stray('it is not from Hookkeeper, and broker.trusted is not set')
  if (body.length > bodyBytesMax) return stray(`it has ${body.length} bytes; ${bodyBytesMax} are the most`)
  const event = detailOf(body) ?? body
  const reading = readEvent(event)
  if (!reading.ok) return stray(reading.what)
  const arrival = { body: event, account, endpoint: account, via: 'queue', mode: modeOf(account) } as const
  return { kind: 'event', envelope: toEnvelope(reading.event, arrival) }
}

const stray = (why: string): Sorted => ({ kind: 'stray', why })
