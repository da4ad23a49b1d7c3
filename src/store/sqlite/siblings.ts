import { positionOf } from '../place.ts'
import type { Entry, Ref } from '../store.ts'
import { tailOf } from '../tail.ts'
import type { Book, Touched } from './book.ts'
import { chain } from './chain.ts'
import { entryOf } from './entries.ts'
import { touchedOf } from './rows.ts'
import type { EventRow } from './statements.ts'

/** An object has a handful of events; of one that has more than this, the older ones count as superseded. */
const SIBLINGS_MAX = 10_000

/**
 * Which events that a query selects may be worked again without an object going back in time: of each object the newest, down to
 * the first that a newer one has superseded. An object is decided whole and once, so one of these lives for one page only.
 */
export class Tails {
  readonly #book: Book
  readonly #selects: (entry: Entry) => boolean
  readonly #byObject = new Map<string, ReadonlySet<Ref>>()
  /** Rows looked at, for whoever bounds a page. */
  looked = 0

  constructor(book: Book, selects: (entry: Entry) => boolean) {
    this.#book = book
    this.#selects = selects
  }

  /** Those of the object that may be worked again, itself included where it may; an event of no object stands alone. */
  of(row: EventRow): ReadonlySet<Ref> {
    if (row.object === null) return new Set([row.seq])
    const key = `${row.tenant} ${row.object}`
    const known = this.#byObject.get(key)
    if (known) return known
    const tail = this.#tail(row.object, row.tenant)
    this.#byObject.set(key, tail)
    return tail
  }

  #tail(object: string, tenant: number): ReadonlySet<Ref> {
    const book = this.#book
    const siblings = newestFirst(book, object, tenant)
    this.looked += siblings.length
    return tailOf(
      siblings.map(({ row, touched }) => ({
        ref: row.seq,
        row: touched.row,
        selected: this.#selects(entryOf(book, row)),
        hasBody: () => book.bodies.has(row.seq, row.place),
      })),
    )
  }
}

/** How far an object has been done: the highest position among its events that are worked. */
export function donePosition(book: Book, object: string, tenant: number): number {
  for (const { row, touched } of newestFirst(book, object, tenant))
    if (touched.row.reason === 'worked') return placeOf(row)
  return -1
}

interface Sibling {
  readonly row: EventRow
  readonly touched: Touched
}

/** In the order in which their lane works them, backwards. */
function newestFirst(book: Book, object: string, tenant: number): Sibling[] {
  const rows: EventRow[] = []
  for (const row of chain(book, book.objects.find(object, tenant)?.last ?? 0)) {
    rows.push(row)
    if (rows.length === SIBLINGS_MAX) break
  }
  rows.sort((a, b) => placeOf(b) - placeOf(a) || b.seq - a.seq)
  return rows.map((row) => ({ row, touched: book.touched.get(row.seq) ?? touchedOf(book, row) }))
}

const placeOf = ({ created, rank }: EventRow): number => positionOf({ createdAt: created, rank })
