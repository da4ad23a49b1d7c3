import type { Admitted } from '../store.ts'
import { admitOne } from './admit.ts'
import type { Arrivals } from './arrivals/arrivals.ts'
import type { Frame } from './arrivals/frame.ts'
import type { Place } from './arrivals/place.ts'
import type { Book } from './book.ts'
import { fromRow } from './envelopes.ts'
import { ofTheDisk } from './failed.ts'
import { keep } from './strays.ts'

/** Behind so many others whoever took an event need not keep it: its body would only fill memory. */
const SOON = 1024

/** How many a round takes: some milliseconds, since leases and settles wait meanwhile. */
const A_ROUND = 256

/** What became of events that had arrived, by where they lie. */
export interface Report {
  readonly places: readonly Place[]
  readonly admitted: readonly Admitted[]
}

interface Arrived {
  readonly place: Place
  readonly frame: Frame
}

/** Takes what has arrived into the ledger. */
export function arrive(book: Book, arrivals: Arrivals): Report {
  const places: Place[] = []
  const admitted: Admitted[] = []
  while (places.length < A_ROUND) {
    const next = arrivals.next()
    if (!next) break
    places.push(next.place)
    admitted.push(arriveOne(book, arrivals, next))
  }
  if (admitted.length > 0 && admitted.at(-1) !== 'new') noteArrived(book)
  arrivals.keptUp(book.lanes.counts.ready < SOON)
  return { places, admitted }
}

/** So far has been read: for when no row of an event could tell. */
export function noteArrived({ arrivals, sql }: Book): void {
  if (arrivals) sql.mark.run('arrived', arrivals.at)
}

function arriveOne(book: Book, arrivals: Arrivals, { place, frame }: Arrived): Admitted {
  const event = fromRow(frame.facts, NOTHING)
  const stray = (why: string): Admitted => {
    // It was answered when it was on the disk, so nobody else will keep it.
    keep(book, [{ bytes: frame.body, source: `${event.via} ${event.endpoint}`, why }])
    return 'refused'
  }
  if (arrivals.passedOver(place)) return stray('the ledger could not take it in')
  try {
    const admitted = admitOne(book, event, { receivedAt: frame.receivedAt, place })
    return admitted === 'refused' ? stray('created is more than 400 days away') : admitted
  } catch (error) {
    // It was not the disk, so it would be the same each time, and all that came later would wait behind it for good.
    if (!ofTheDisk(error)) arrivals.passOver(place)
    throw error
  }
}

/** Bodies stay where they lie. */
const NOTHING = new Uint8Array(0)
