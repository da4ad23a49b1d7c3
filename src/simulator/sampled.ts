import type { Json } from '../core/outcome.ts'
import { isNamed, kindOf } from '../stripe/kinds.ts'
import { seconds } from './calendar.ts'
import { API_VERSION, type SimulatedEvent, simulatedEvent } from './event.ts'
import type { Ids } from './ids.ts'
import { SAMPLES } from './objects/samples.ts'
import { asJson } from './objects/wire.ts'
import type { Fields } from './shape.ts'
import { tellsBefore } from './world.ts'

export interface Sampling {
  readonly at: number
  readonly ids: Ids
  /** Whose it is, where such an object is somebody's; null invents one. */
  readonly customer: string | null
  /** As the event names it; the current one unless told. */
  readonly apiVersion?: string
}

/** An event about an object that stands alone. A type that nobody knows gets an object named after it. */
export function sampled(type: string, { at, ids, customer, apiVersion = API_VERSION }: Sampling): SimulatedEvent {
  const kind = kindOf(type)
  const sample = SAMPLES.get(kind)
  const now = seconds(at)
  const id = (prefix: string) => ids.make(prefix, at)
  const prefix = sample ? sample.prefix : (kind.split('.').at(-1) ?? kind)
  const named = prefix !== null && isNamed(type) ? { id: id(prefix) } : {}
  const shown = sample
    ? { ...sample.show({ now, customer: customer ?? id('cus'), id }), ...sample.after[verbOf(type)] }
    : { created: now, livemode: false, metadata: {} }
  const { object, previous } = revised(type, asJson({ ...named, object: kind, ...shown }))
  return simulatedEvent({ ...{ id: id('evt'), type, at, object, previous }, ...NOBODY, apiVersion })
}

const NOBODY = { request: null, livemode: false }

/** An update has to tell what was before: here it was the metadata, where the kind has some. */
function revised(type: string, object: Fields): { object: Fields; previous: Fields | null } {
  if (!tellsBefore(type) || object['metadata'] === undefined) return { object, previous: null }
  return { object: { ...object, metadata: { revision: '2' } }, previous: { metadata: { revision: '1' } } }
}

/** An event of a type that the merchant never makes, out of the last one that is about the same kind of object. */
export function likeOf(type: string, events: readonly SimulatedEvent[], ids: Ids): SimulatedEvent | null {
  const kind = kindOf(type)
  const like = events.findLast(({ json, object }) => dataOf(json).object['object'] === kind && object !== null)
  if (!like) return null
  const { object, previous } = revised(type, { ...dataOf(like.json).object, ...AS_IF[type]?.(like.created) })
  const { account, at, json } = like
  const where = { account, apiVersion: String(json['api_version']), livemode: false, request: null }
  return simulatedEvent({ id: ids.make('evt', at), type, at, object, previous, ...where })
}

/** What such a type says of its object. */
const AS_IF: Readonly<Record<string, (now: number) => { readonly [key: string]: Json }>> = {
  'charge.dispute.funds_reinstated': () => ({ status: 'won' }),
  'invoice.overpaid': () => ({ amount_overpaid: 100 }),
  'payment_intent.partially_funded': () => ({ status: 'requires_action', payment_method_types: ['customer_balance'] }),
  'subscription_schedule.aborted': (now) => ({ status: 'canceled', canceled_at: now }),
  'subscription_schedule.canceled': (now) => ({ status: 'canceled', canceled_at: now }),
}

const dataOf = (json: Fields) => json['data'] as { readonly object: Fields }
const verbOf = (type: string): string => type.slice(type.lastIndexOf('.') + 1)
