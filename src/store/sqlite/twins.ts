import type { Ref } from '../store.ts'
import { type Sibling, twinAmong } from '../twins.ts'
import type { Book } from './book.ts'
import { chain } from './chain.ts'
import { readRow, rowOf } from './rows.ts'
import type { EventRow } from './statements.ts'

/** How far back along an object's events a twin is looked for. Beyond it nothing is claimed: in doubt both are worked. */
const STEPS_MAX = 16

/** The id of an earlier event for the same change, or null. */
export function twinOf(book: Book, ref: Ref): string | null {
  const self = readRow(book, ref)
  if (!self?.object) return null
  const others = eventsOfObject(book, self).map((row) => siblingOf(book, row))
  return twinAmong(siblingOf(book, self), others, ({ arrival }) => bodyOf(book, arrival))?.id ?? null
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

function siblingOf(book: Book, row: EventRow): Sibling {
  const { state, reason } = book.touched.get(row.seq)?.row ?? rowOf(book, row)
  const { id, created: createdAt, rank, seq: arrival, twin } = row
  return { id, type: book.names.name(row.type), createdAt, rank, arrival, state, reason, twin }
}

const bodyOf = (book: Book, ref: Ref): Uint8Array | null => book.bodies.read(ref)
