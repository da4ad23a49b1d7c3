import type { Leased, Ref } from '../store.ts'
import * as transitions from '../transitions.ts'
import type { Book } from './book.ts'
import { latest } from './rows.ts'
import { applyEnd } from './settle.ts'

/** What a handler's transaction wrote into the log, once committed. */
export interface Transacted {
  readonly ref: Ref
  readonly fence: number
  readonly handler: string
  readonly last: boolean
  /** The line of the log. */
  readonly n: number
  readonly at: number
}

/** A lease that may commit: with what its line in the log has to say. */
export interface Admission {
  readonly attempt: number
  readonly now: number
  readonly reason: number
  /** The event's last line in the log. */
  readonly last: number | null
}

/**
 * Which of these leases may commit a transaction, as of now. The writer then stands still until `resume`: nobody can take a
 * lease away between this answer and the commit, not even when the whole process is stopped for an hour in between.
 */
export function mayTransact(book: Book, works: readonly Leased[]): (Admission | null)[] {
  const now = book.now()
  return works.map(({ ref, fence }) => {
    const touched = latest(book, ref)
    if (!touched || !transitions.owns(touched.row, fence, now)) return null
    return { attempt: touched.row.attempts, now, reason: book.names.id('worked'), last: touched.last }
  })
}

export function commitTransacted(book: Book, transacted: readonly Transacted[]): void {
  for (const { ref, fence, handler, last, n, at } of transacted) {
    const touched = latest(book, ref)!
    touched.last = n
    book.touched.set(ref, touched)
    book.lines = Math.max(book.lines, n)
    book.projection.logged(ref, n)
    if (!last) {
      touched.memory[`handler:${handler}`] = true
      continue
    }
    // The lease was ours when the writer stood still, and stands as of that moment.
    const { row } = transitions.settle(touched.row, { fence, now: at, outcome: { kind: 'done', reason: 'worked' } })
    applyEnd(book, ref, { touched, row, reason: book.names.id('worked'), now: at })
  }
}
