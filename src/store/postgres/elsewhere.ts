import type { Ref } from '../store.ts'
import type { Book } from './book.ts'
import type { Sql } from './driver.ts'
import type { Asked } from './flights.ts'
import { refsOf } from './hand.ts'
import { type Known, readKnown } from './rows.ts'

interface Deps {
  readonly sql: Sql
  readonly book: Book
  /** Somebody may have written these in a transaction of his own; what is read is certain again. */
  readonly doubts: Set<Ref>
}

/** Rows of what our memory does not have running: other buckets, an end that came before, or a transaction of the user's. */
export async function elsewhere({ sql, book, doubts }: Deps, asked: readonly Asked[]): Promise<Map<Ref, Known>> {
  const refs = asked.flatMap(({ command }) => refsOf(command))
  const wanted = refs.filter((ref) => doubts.has(ref) || !book.running.has(ref))
  const known = await readKnown(sql.again, [...new Set(wanted)])
  for (const { ref, live, rev } of known) {
    doubts.delete(ref)
    if (!book.running.has(ref)) continue
    if (rev === null) book.left(ref)
    else if (live.row.state === 'running') book.changed(ref, live, rev)
    else book.forget([ref])
  }
  return new Map(known.map((one) => [one.ref, one]))
}
