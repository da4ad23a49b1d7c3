import type { Ref } from '../store.ts'
import type { Book } from './book.ts'

/** Bodies that one pass moves. */
const MOVED_A_PASS = 100

interface Segment {
  readonly number: number
  /** Its first and its last event. */
  readonly first: Ref
  readonly last: Ref
}

/** Deletes a segment that is past its time. True: there is more to do, soon. */
export const dropSegment = (book: Book, before: number, synced: () => void): boolean =>
  dropOldest(book, before, synced) || dropUseless(book, before, synced)

/**
 * The oldest that has bodies, once all that is in it is past its time. Bodies of open events and dead letters, which stay whatever
 * their age, move into the table first, some each pass.
 */
function dropOldest(book: Book, before: number, synced: () => void): boolean {
  const segment = oldest(book)
  if (!segment || book.arrivals?.live(segment.number) || receivedAt(book, segment.last) >= before) return false
  const staying = stayingIn(book, segment)
  for (const ref of staying) book.bodies.move(ref)
  if (staying.length === 0 && !worked(book, segment)) remove(book, segment, synced)
  return true
}

/** One in which there was nothing new: repeats have their bodies elsewhere, and strays a table. */
function dropUseless({ arrivals, bodies }: Book, before: number, synced: () => void): boolean {
  const segment = arrivals?.useless(before, (one) => bodies.lieIn(one))
  if (segment === undefined) return false
  synced()
  arrivals!.remove(segment)
  return true
}

function oldest(book: Book): Segment | null {
  const [segment, next] = book.db.prepare('select number, first from hookkeeper_segments order by number limit 2').all()
  if (!segment) return null
  return {
    number: Number(segment['number']),
    first: Number(segment['first']),
    last: next ? Number(next['first']) - 1 : book.seq,
  }
}

// Rows are deleted after their bodies; where this one is gone already, so is its time.
const receivedAt = (book: Book, ref: Ref): number =>
  Number(book.db.prepare('select received from hookkeeper_events where seq = ?').get(ref)?.['received'] ?? 0)

/** What the tables say, corrected by what memory knows better. */
function stayingIn(book: Book, { first, last }: Segment): Ref[] {
  const rows = book.db
    .prepare(
      `select seq from hookkeeper_events where state < 2 and seq between ?1 and ?2 and place is not null
      union select seq from hookkeeper_events where state = 3 and seq between ?1 and ?2 and place is not null limit ?3`,
    )
    .all(first, last, MOVED_A_PASS)
  const refs = new Set(rows.map((row) => Number(row['seq'])))
  const place = book.db.prepare('select 1 from hookkeeper_events where seq = ? and place is not null')
  for (const ref of book.touched.keys()) if (ref >= first && ref <= last && place.get(ref)) refs.add(ref)
  return [...refs]
}

/** Whoever leased one may not have read its body yet. */
function worked(book: Book, { first, last }: Segment): boolean {
  for (const ref of book.running.keys()) if (ref >= first && ref <= last) return true
  return false
}

/** The moves are on the disk before the bodies that were moved go. */
function remove(book: Book, { number }: Segment, synced: () => void): void {
  synced()
  book.db.prepare('delete from hookkeeper_segments where number = ?').run(number)
  book.bodies.forget(number)
  book.arrivals?.remove(number)
}
