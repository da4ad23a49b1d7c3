import type { Json } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'
import { DAY, seconds } from './calendar.ts'
import { type SimulatedEvent, simulatedEvent } from './event.ts'
import { createIds } from './ids.ts'
import { asJson, type StripeObject } from './objects/wire.ts'
import { previousAttributes } from './previous.ts'

/** The merchant's account as a lifecycle sees it: the time, all objects by id, and the hands to change them. */
export interface World {
  readonly random: Random
  readonly livemode: boolean
  now(): number
  /** Now in seconds, as objects write it. */
  created(): number
  id(prefix: string): string
  text(length: number): string
  get<T extends StripeObject>(id: string): T
  /** Keeps an object. With types, an event of each is made of it; without, nobody hears. */
  add<T extends StripeObject>(object: T, ...types: string[]): T
  /** Changes an object; each type becomes an event, with what the object was before where Stripe tells it. */
  change<T extends StripeObject>(id: string, patch: Partial<T>, ...types: string[]): T
  /** What happens until the next wait was asked for through the API, so its events name a request. */
  byRequest(): void
}

/** A change of what the account holds, for whoever shows it to others. */
export interface Change {
  readonly account: string
  readonly at: number
  /** How many events were told before it. */
  readonly told: number
  readonly id: string
  /** What it is from now on; null where the merchant forgets it. */
  readonly object: StripeObject | null
}

/** A course of things: it acts, yields the instant until which it waits, and acts again. What it returns is for a `yield*`. */
export type Lifecycle<V = void> = Generator<number, V, void>

export interface WorldOptions {
  readonly random: Random
  readonly account: string
  readonly livemode: boolean
  readonly startAt: number
  readonly onChange?: (change: Change) => void
}

// Papers that no lifecycle comes back to by then: renewals, dunning and refunds of one invoice end within two months.
const PAPERS_KEPT_MS = 100 * DAY
const PAPERS = new Set([
  'invoice',
  'invoice_payment',
  'invoiceitem',
  'line_item',
  'payment_intent',
  'setup_intent',
  'charge',
  'refund',
  'checkout.session',
])
// Stripe sends previous_attributes with these, too, though it documents them for `*.updated` only.
const TELLS_BEFORE = new Set(['charge.refunded', 'charge.captured', 'payment_method.detached'])
const tellsBefore = (type: string): boolean => type.endsWith('.updated') || TELLS_BEFORE.has(type)

export interface OpenWorld extends World {
  readonly objects: ReadonlyMap<string, StripeObject>
  /** Moves time; what happens then was caused by the clock until a lifecycle says otherwise. */
  moveTo(at: number): void
  /** What happened since the last call. */
  taken(): SimulatedEvent[]
}

export function createWorld({ random, account, livemode, startAt, onChange }: WorldOptions): OpenWorld {
  const ids = createIds(random, account)
  const objects = new Map<string, StripeObject>()
  const papers: { id: string; at: number }[] = []
  let now = startAt
  let request: { id: string; key: string } | null = null
  let happened: SimulatedEvent[] = []
  let told = 0

  const note = (id: string, object: StripeObject | null) => onChange?.({ account, at: now, told, id, object })
  const keep = (id: string, object: StripeObject) => {
    objects.set(id, object)
    note(id, object)
  }
  const drop = (id: string) => {
    objects.delete(id)
    note(id, null)
  }
  const id = (prefix: string) => ids.make(prefix, now)
  const announce = (types: string[], object: StripeObject, before: { readonly [key: string]: Json } | null) => {
    for (const type of types) {
      const previous = tellsBefore(type) ? before : null
      happened.push(simulatedEvent({ id: id('evt'), type, at: now, object, previous, request, livemode }))
      told++
    }
  }
  const forget = () => {
    let old = 0
    while (old < papers.length && papers[old]!.at < now - PAPERS_KEPT_MS) drop(papers[old++]!.id)
    if (old > 0) papers.splice(0, old)
  }

  return {
    random,
    livemode,
    objects,
    now: () => now,
    created: () => seconds(now),
    id,
    text: ids.text,
    get<T extends StripeObject>(wanted: string) {
      const found = objects.get(wanted)
      if (!found) throw new Error(`the simulated merchant has no object ${wanted}`)
      return found as T
    },
    add(object, ...types) {
      if (object.id !== undefined) keep(object.id, object)
      if (object.id !== undefined && PAPERS.has(object.object)) papers.push({ id: object.id, at: now })
      announce(types, object, null)
      return object
    },
    change<T extends StripeObject>(wanted: string, patch: Partial<T>, ...types: string[]) {
      const before = this.get<T>(wanted)
      const after = { ...before, ...patch }
      keep(wanted, after)
      const previous = types.some(tellsBefore) ? previousAttributes(asJson(before), asJson(after)) : null
      announce(types, after, previous)
      return after
    },
    byRequest() {
      request = { id: id('req'), key: ids.text(32).toLowerCase() }
    },
    moveTo(at) {
      now = at
      request = null
      forget()
    },
    taken() {
      const taken = happened
      happened = []
      return taken
    },
  }
}
