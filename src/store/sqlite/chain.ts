import type { Ref } from '../store.ts'
import type { Book } from './book.ts'
import { readRow } from './rows.ts'
import type { EventRow } from './statements.ts'

/** The events of one object, newest first: each row names the one before. */
export function* chain(book: Book, last: Ref): Generator<EventRow, undefined> {
  for (let seq = last; seq > 0; ) {
    const row = readRow(book, seq)
    if (!row) return
    yield row
    seq = row.prior
  }
}
