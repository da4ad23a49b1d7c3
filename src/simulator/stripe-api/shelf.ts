import { DAY } from '../calendar.ts'
import type { SimulatedEvent } from '../event.ts'
import { asJson, type StripeObject } from '../objects/wire.ts'
import type { Fields } from './fields.ts'

/** Stripe lists events for so long, on the merchant's clock. */
export const EVENTS_KEPT_MS = 30 * DAY
/** More events than that are forgotten early, the oldest first: some 300 MB. */
export const EVENTS_MAX = 200_000

/** What one account shows at present. */
export interface Shelf {
  /** An object by its id; of a deleted one only `id`, `object` and `deleted` are left. */
  find(id: string): StripeObject | undefined
  /** The objects of one kind that are not deleted, newest first. */
  all(kind: string): Fields[]
  /** The events of the last thirty days, delivered or not, newest first. */
  events(): Fields[]
}

export interface OpenShelf extends Shelf {
  put(id: string, object: StripeObject | null): void
  tell(event: SimulatedEvent): void
}

export function createShelf(now: () => number, eventsMax = EVENTS_MAX): OpenShelf {
  const objects = new Map<string, StripeObject>()
  const kinds = new Map<string, Set<string>>()
  // Without the bodies that were sent, which are the larger part of an event.
  const events = new Map<string, Fields>()

  const remove = (id: string) => {
    const object = objects.get(id)
    objects.delete(id)
    kinds.get(object?.object ?? '')?.delete(id)
  }
  const put = (id: string, object: StripeObject) => {
    objects.set(id, object)
    if (!kinds.has(object.object)) kinds.set(object.object, new Set())
    kinds.get(object.object)?.add(id)
  }
  const bury = (id: string) => {
    const object = objects.get(id)
    remove(id)
    if (object) objects.set(id, { id, object: object.object, ...{ deleted: true } })
  }
  const forget = () => {
    const oldest = (now() - EVENTS_KEPT_MS) / 1000
    for (const [id, { created }] of events) {
      if (events.size <= eventsMax && Number(created) >= oldest) return
      events.delete(id)
    }
  }

  return {
    find: (id) => objects.get(id),
    all(kind) {
      const made = [...(kinds.get(kind) ?? [])].map((id) => asJson(objects.get(id) as StripeObject))
      return made.reverse().sort((one, other) => madeAt(other) - madeAt(one))
    },
    events() {
      forget()
      return [...events.values()].reverse()
    },
    put: (id, object) => (object === null ? remove(id) : put(id, object)),
    tell(event) {
      events.set(event.id, event.json)
      if (deletes(event.type) && event.object !== null) bury(event.object)
      if (events.size > eventsMax) forget()
    },
  }
}

// A subscription that ended is called deleted, and yet it stays.
const deletes = (type: string): boolean => type.endsWith('.deleted') && type !== 'customer.subscription.deleted'

const madeAt = ({ created, date }: Fields): number => Number(created ?? date ?? 0)
