import type Stripe from 'stripe'
import { seeded } from '../core/random.ts'
import type { EventOf, EventType } from '../processing/handlers.ts'
import { createIds, type Ids } from '../simulator/ids.ts'
import { ACCOUNT } from '../simulator/merchant.ts'
import { print } from '../simulator/print.ts'
import { makeEvent } from '../simulator/trigger.ts'
import { sign } from '../stripe/signature.ts'

/** Some of the fields, at any depth; lists and single values replace what was there. */
export type Changes<V> = V extends readonly unknown[]
  ? V
  : V extends object
    ? { readonly [K in keyof V]?: Changes<V[K]> | null }
    : V

type Objects<T extends string> = EventOf<T>['data']['object']

/** Where the time of fixtures begins: the first second of 2026, as a test cluster's does. Each fixture is a second later than the one before. */
const START_AT = Date.UTC(2026, 0, 1)

const ids = createIds(seeded(1), ACCOUNT)
const templates = new Map<string, string>()
let made = 0

/**
 * A well-formed event of that type. `changes` are of `data.object`, `more` of the event around it (`created`, `livemode`,
 * `account`). For types that the simulated merchant makes it is a real one of his; for others the object is of the right kind and
 * bare. Ids of event and object are new with each call, and the same in each run of a program.
 */
function make<const T extends EventType | (string & {})>(
  type: T,
  changes: Changes<Objects<T>> = {} as Changes<Objects<T>>,
  more: Changes<Omit<Stripe.Event, 'type' | 'data'>> & {
    readonly data?: { readonly previous_attributes?: object }
  } = {},
): EventOf<T> {
  const at = START_AT + ++made * 1_000
  const event = JSON.parse(renamed(templateOf(type), at))
  const seconds = Math.floor(at / 1_000)
  const object = { ...event.data.object, ...('created' in event.data.object && { created: seconds }) }
  const data = { ...event.data, object: merged(object, changes) }
  return merged({ ...event, created: seconds, data }, more) as EventOf<T>
}

/** Stripe's bytes of an event: what a delivery of it holds. */
const body = (event: Stripe.Event): Uint8Array => print(event as never)

/** The `Stripe-Signature` header of these bytes, signed at that instant (milliseconds; default: when the event was made). */
const signed = (event: Stripe.Event, { secret, at }: { secret: string; at?: number }): string =>
  sign({ body: body(event), secrets: [secret], at: at ?? event.created * 1_000 })

export const fixture = Object.assign(make, { body, signed })

/** Made once for a type: a real one costs two months of a merchant's life. */
function templateOf(type: string): string {
  const known = templates.get(type)
  if (known) return known
  const { json } = makeEvent(type, seeded(SEED), START_AT)
  templates.set(type, JSON.stringify(json))
  return templates.get(type) as string
}

const SEED = 26

/** The same event under new ids of the same form, wherever it names itself or its object. */
function renamed(template: string, at: number): string {
  const { id, data } = JSON.parse(template) as { id: string; data: { object: { id?: string; object: string } } }
  const object = data.object.id
  const text = template.replaceAll(`"${id}"`, `"${ids.make('evt', at)}"`)
  return object === undefined ? text : text.replaceAll(`"${object}"`, `"${fresh(object, ids)}"`)
}

const LAST_CHARS = 8
const fresh = (id: string, { text }: Ids): string => `${id.slice(0, -LAST_CHARS)}${text(LAST_CHARS)}`

export function merged(under: unknown, over: unknown): unknown {
  if (!isObject(under) || !isObject(over)) return over
  const changed = Object.entries(over).filter(([, value]) => value !== undefined)
  return { ...under, ...Object.fromEntries(changed.map(([key, value]) => [key, merged(under[key], value)])) }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
