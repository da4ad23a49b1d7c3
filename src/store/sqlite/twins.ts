import { isDeepStrictEqual } from 'node:util'
import type { Ref } from '../store.ts'
import { type Book, positionOf } from './book.ts'
import { chain } from './chain.ts'
import { readRow, rowOf } from './rows.ts'
import type { EventRow } from './statements.ts'

const CREATED_APART_MS = 2000
/** How far back along an object's events a twin is looked for. Beyond it nothing is claimed: in doubt both are worked. */
const STEPS_MAX = 16

/**
 * The id of an earlier event for the same change, or null. Stripe sometimes makes two Event objects for one change; they agree
 * in type, object, data and request, lie within two seconds, and nothing else happened to the object between them.
 */
export function twinOf(book: Book, ref: Ref): string | null {
  const self = readRow(book, ref)
  if (!self?.object) return null
  const others = eventsOfObject(book, self)
  const candidates = others.filter((other) => mayBeTwin(book, self, other))
  const twin = candidates.find((other) => nothingBetween(self, other, others) && sameChange(book, self, other))
  return twin?.id ?? null
}

function eventsOfObject(book: Book, self: EventRow): EventRow[] {
  const found: EventRow[] = []
  let steps = 0
  for (const row of chain(book, book.objects.find(self.object!, self.tenant)?.last ?? 0)) {
    if (row.seq !== self.seq) found.push(row)
    if (++steps === STEPS_MAX) break
  }
  return found
}

// Only the later to arrive can be the twin, and only of one that was or will be worked: never both, never of a dead letter.
function mayBeTwin(book: Book, self: EventRow, other: EventRow): boolean {
  if (other.seq > self.seq || other.type !== self.type || Math.abs(other.created - self.created) > CREATED_APART_MS)
    return false
  const row = book.touched.get(other.seq)?.row ?? rowOf(book, other)
  return row.state !== 'dead' && row.reason !== 'twin' && row.reason !== 'discarded'
}

function nothingBetween(a: EventRow, b: EventRow, others: readonly EventRow[]): boolean {
  const [low, high] = [place(a), place(b)].sort((x, y) => x - y) as [number, number]
  return others.every(
    (other) => other.seq === b.seq || other.twin === b.id || place(other) < low || place(other) > high,
  )
}

const place = (row: EventRow) => positionOf({ createdAt: row.created, rank: row.rank })

function sameChange(book: Book, a: EventRow, b: EventRow): boolean {
  const one = bodyOf(book, a.seq)
  const other = bodyOf(book, b.seq)
  if (!one || !other) return false
  return isDeepStrictEqual(one.data, other.data) && isDeepStrictEqual(one.request ?? null, other.request ?? null)
}

function bodyOf(book: Book, seq: number): { data?: unknown; request?: unknown } | null {
  const body = book.bodies.read(seq)
  try {
    return body ? JSON.parse(Buffer.from(body).toString('utf8')) : null
  } catch {
    return null // not JSON: nothing can be said of it, and nothing is claimed
  }
}
