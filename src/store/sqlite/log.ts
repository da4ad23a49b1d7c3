import type { Kind } from '../codes.ts'
import type { Ref } from '../store.ts'
import type { Book, Touched } from './book.ts'
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

/** Appends to the log of an event, which has changed and is known in memory from now on; tells the projection. */
export function log(book: Book, { ref, touched }: Changed, kind: Kind, line: Line): void {
  const n = ++book.lines
  append(book.sql.log, { n, ref }, kind, { ...line, prev: touched.last })
  touched.last = n
  book.touched.set(ref, touched)
  book.projection.logged(ref, n)
}

interface Changed {
  readonly ref: Ref
  readonly touched: Touched
}

/** `n` is above that of every line that there ever was, also of those that retention deleted: who read so far reads on from there. */
export function append(
  statement: Statements['log'],
  { n, ref }: { n: number; ref: Ref },
  kind: Kind,
  line: Line,
): void {
  statement.run(
    n,
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
}
