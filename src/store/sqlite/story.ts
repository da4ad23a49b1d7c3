import type { Ref, Story } from '../store.ts'
import { type Line, timelineOf } from '../timeline.ts'
import type { Book } from './book.ts'
import { read } from './find.ts'
import { logOf, readRow } from './rows.ts'
import type { LogRow } from './statements.ts'

/** An event with its body and all that happened to it. */
export function open(book: Book, ref: Ref): Story | null {
  const entry = read(book, ref)
  if (!entry) return null
  const timeline = timelineOf(logOf(book, lastOf(book, ref)).map((row) => lineOf(book, row)))
  return { entry, timeline, body: book.bodies.read(ref) }
}

function lineOf(book: Book, { kind, at, fence, attempt, due, worker, release, reason, data }: LogRow): Line {
  const name = (id: number | null) => (id === null ? null : book.names.name(id))
  const names = { worker: name(worker), release: name(release), reason: name(reason) }
  return { kind, at, fence, attempt, due, ...names, data: data === null ? null : JSON.parse(data) }
}

const lastOf = (book: Book, ref: Ref): number | null => (book.touched.get(ref) ?? readRow(book, ref))?.last ?? null
