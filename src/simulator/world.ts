import type { Random } from '../core/random.ts'
import { seconds } from './calendar.ts'
import { type SimulatedEvent, simulatedEvent } from './event.ts'
import { createIds } from './ids.ts'
import type { StripeObject } from './objects/wire.ts'
import { createPapers } from './papers.ts'
import { previousAttributes } from './previous.ts'
import { current, type Shape } from './shape.ts'

/** The merchant's account as a lifecycle sees it: the time, all objects by id, and the hands to change them. */
export interface World {
  readonly random: Random
  readonly livemode: boolean
  /** The id of the account that this is seen from. */
  readonly owner: string
  /** The Connect account that all this happens to, null for the merchant's own. */
  readonly account: string | null
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
  /** An object is deleted: its last event shows it as it was, and then there is none. */
  remove<T extends StripeObject>(id: string, type: string): T
  /** Events about an object that is not kept: one without an id of its own, or another face of one that is. */
  tell(object: StripeObject, type: string, before?: StripeObject | null): void
  /** What happens until the next wait was asked for through the API, so its events name a request. */
  byRequest(): void
  /** Starts another course of things, which goes its own way beside this one. */
  begin(lifecycle: Lifecycle): void
  /** Lets go of objects that nobody comes back to, once their last papers are gone, too. */
  retire(...ids: string[]): void
  /** The same time and the same objects, as a Connect account of this merchant sees them: its events name it. */
  as(account: string): World
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
  /** By default the current one. */
  readonly shape?: Shape
  /** Where lifecycles go that are begun beside others. */
  readonly begin?: (lifecycle: Lifecycle) => void
  readonly onChange?: (change: Change) => void
}

// Stripe sends previous_attributes with these, too, though it documents them for `*.updated` only.
const TELLS_BEFORE = new Set([
  'charge.captured',
  'charge.refunded',
  'payment_method.automatically_updated',
  'payment_method.detached',
  'subscription_schedule.canceled',
])
export const tellsBefore = (type: string): boolean => type.endsWith('.updated') || TELLS_BEFORE.has(type)

export interface OpenWorld extends World {
  readonly objects: ReadonlyMap<string, StripeObject>
  /** Moves time; what happens then was caused by the clock until a lifecycle says otherwise. */
  moveTo(at: number): void
  /** What happened since the last call. */
  taken(): SimulatedEvent[]
}

function nowhere(): never {
  throw new Error('this world has no agenda for another lifecycle')
}

/** What all views of a world share. */
interface Common {
  now: number
  request: { readonly id: string; readonly key: string } | null
  happened: SimulatedEvent[]
  told: number
}

export function createWorld(options: WorldOptions): OpenWorld {
  const common: Common = { now: options.startAt, request: null, happened: [], told: 0 }
  const papers = createPapers((id, object, { account, at }) =>
    options.onChange?.({ account, at, told: common.told, id, object }),
  )
  const { objects } = papers
  const views = new Map<string, World>()
  const as = (account: string): World => {
    const known = views.get(account) ?? view({ ...options, account }, account)
    views.set(account, known)
    return known
  }

  function view(
    { random, account, livemode, shape = current, begin = nowhere }: WorldOptions,
    connected: string | null,
  ): World {
    const ids = createIds(random, account)
    const id = (prefix: string) => ids.make(prefix, common.now)
    const here = () => ({ account, at: common.now })
    const announce = (types: readonly string[], object: StripeObject, before: StripeObject | null) => {
      const shown = shape.show(object, objects)
      const previous = before && types.some(tellsBefore) ? previousAttributes(shape.show(before, objects), shown) : null
      for (const type of types) {
        // Drawn for what is not told, too: the same seed gives the same ids in every shape.
        const eventId = id('evt')
        if (!shape.knows(type)) continue
        const { now: at, request } = common
        const told = { object: shown, previous: tellsBefore(type) ? previous : null }
        const where = { livemode, account: connected, apiVersion: shape.apiVersion }
        common.told++
        common.happened.push(simulatedEvent({ id: eventId, type, at, request, ...told, ...where }))
      }
    }

    return {
      random,
      livemode,
      owner: account,
      account: connected,
      now: () => common.now,
      created: () => seconds(common.now),
      id,
      text: ids.text,
      begin,
      as,
      retire: (...old) => papers.retire(old, here()),
      get<T extends StripeObject>(wanted: string) {
        const found = objects.get(wanted)
        if (!found) throw new Error(`the simulated merchant has no object ${wanted}`)
        return found as T
      },
      add(object, ...types) {
        papers.add(object, here())
        announce(types, object, null)
        return object
      },
      change<T extends StripeObject>(wanted: string, patch: Partial<T>, ...types: string[]) {
        const before = this.get<T>(wanted)
        const after = { ...before, ...patch }
        papers.keep(wanted, after, here())
        announce(types, after, before)
        return after
      },
      remove<T extends StripeObject>(wanted: string, type: string) {
        const gone = this.get<T>(wanted)
        papers.drop(wanted, here())
        announce([type], gone, null)
        return gone
      },
      tell: (object, type, before = null) => announce([type], object, before),
      byRequest() {
        common.request = { id: id('req'), key: ids.text(32).toLowerCase() }
      },
    }
  }

  return {
    ...view(options, null),
    objects,
    moveTo(at) {
      common.now = at
      common.request = null
      papers.forget(at)
    },
    taken() {
      const { happened } = common
      common.happened = []
      return happened
    },
  }
}
