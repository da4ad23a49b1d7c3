import { createAgenda } from '../agenda.ts'
import type { SimulatedEvent } from '../event.ts'
import type { Change } from '../world.ts'
import { createShelf, type OpenShelf, type Shelf } from './shelf.ts'

export interface RecordsOptions {
  /** The platform's own account, which there is from the beginning. */
  readonly account: string
  /** The merchant's present, in milliseconds. */
  readonly now: () => number
  /** What the merchant does after so many events is never shown: nobody is told of it. */
  readonly count?: number
  readonly eventsMax?: number
}

/**
 * The merchant as the world sees it. Events are made up to an hour before they happen, so changes wait here for their moment:
 * an object is what the events so far say that it is, and no event is listed before it happened.
 */
export interface Records {
  change(change: Change): void
  tell(events: Iterable<SimulatedEvent>): void
  /** What an account shows now, or undefined where there is no such account. */
  shelf(account: string): Shelf | undefined
}

export function createRecords(options: RecordsOptions): Records {
  const { account, now, count = Number.POSITIVE_INFINITY, eventsMax } = options
  const coming = createAgenda<() => void>()
  const shelves = new Map<string, OpenShelf>()

  const shelfOf = (owner: string): OpenShelf => {
    const shelf = shelves.get(owner) ?? createShelf(now, eventsMax)
    shelves.set(owner, shelf)
    return shelf
  }
  shelfOf(account)
  const catchUp = () => {
    while ((coming.next() ?? Number.POSITIVE_INFINITY) <= now()) coming.take()?.()
  }

  return {
    change({ account: owner, at, told, id, object }) {
      if (told >= count) return
      coming.note(at, () => {
        shelfOf(owner).put(id, object)
        // A connected account is known to the platform, and to itself.
        if (object?.object === 'account') shelfOf(id).put(id, object)
      })
    },
    tell(events) {
      // Now and not when somebody asks: perhaps nobody ever does.
      catchUp()
      for (const event of events) {
        const owner = event.json['account'] ?? account
        coming.note(event.at, () => shelfOf(String(owner)).tell(event))
      }
    },
    shelf(owner) {
      catchUp()
      return shelves.get(owner)
    },
  }
}
