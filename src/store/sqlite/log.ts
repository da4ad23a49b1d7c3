import type { Kind } from '../codes.ts'
import type { Ref } from '../store.ts'
import type { Book } from './book.ts'
import type { Statements } from './statements.ts'

/** A line of the log. What it carries is absolute (attempts, not one more attempt), so that reading it twice does no harm. */
export interface Line {
  readonly at: number
  readonly fence: number
  readonly attempt?: number
  readonly lost?: number
  readonly due?: number
  readonly later?: number
  readonly worker?: number
  readonly release?: number
  readonly reason?: number
  readonly data?: string | null
  readonly prev?: number | null
}

/** Appends to the log of an event that is in memory, and tells the projection. */
export function log(book: Book, ref: Ref, kind: Kind, line: Line): void {
  const touched = book.touched.get(ref)!
  touched.last = append(book.sql.log, ref, kind, { ...line, prev: touched.last })
  book.projection.logged(ref, touched.last)
}

export function append(statement: Statements['log'], ref: Ref, kind: Kind, line: Line): number {
  const written = statement.run(
    ref,
    kind,
    line.at,
    line.fence,
    line.attempt ?? null,
    line.lost ?? null,
    line.due ?? null,
    line.later ?? null,
    line.worker ?? null,
    line.release ?? null,
    line.reason ?? null,
    line.data ?? null,
    line.prev ?? null,
  )
  return Number(written.lastInsertRowid)
}
