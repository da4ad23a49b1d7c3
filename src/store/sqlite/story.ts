import type { ErrorNote } from '../../core/outcome.ts'
import type { Chapter, Ref, Story } from '../store.ts'
import type { Book } from './book.ts'
import { ENDINGS, KIND } from './codes.ts'
import { read } from './find.ts'
import { logOf } from './rows.ts'
import type { LogRow } from './statements.ts'

/** An event with its body and all that happened to it. */
export function open(book: Book, ref: Ref): Story | null {
  const entry = read(book, ref)
  if (!entry) return null
  return { entry, timeline: timelineOf(book, logOf(book, ref)), body: book.bodies.read(ref) }
}

type Attempt = Extract<Chapter, { kind: 'attempt' }>

/** Each lease begins an attempt, and the next line with its fence ends it; a move is a chapter of its own. */
function timelineOf(book: Book, lines: readonly LogRow[]): Chapter[] {
  const chapters: Chapter[] = []
  for (const line of lines) {
    if (line.kind === KIND.lease) chapters.push(begun(book, line))
    else if (line.kind === KIND.move) chapters.push(moved(line))
    else if (ENDINGS[line.kind]) endAttempt(book, chapters, line)
  }
  return chapters
}

function begun(book: Book, line: LogRow): Attempt {
  return {
    kind: 'attempt',
    attempt: line.attempt ?? 0,
    fence: line.fence,
    startedAt: line.at,
    endedAt: null,
    worker: book.names.name(line.worker ?? 0),
    release: book.names.name(line.release ?? 0),
    outcome: 'running',
    reason: null,
    dueAt: null,
    error: null,
  }
}

function endAttempt(book: Book, chapters: Chapter[], line: LogRow): void {
  const i = chapters.findLastIndex((chapter) => chapter.kind === 'attempt' && chapter.fence === line.fence)
  const attempt = chapters[i]
  if (attempt?.kind !== 'attempt') return
  chapters[i] = {
    ...attempt,
    endedAt: line.at,
    outcome: ENDINGS[line.kind] ?? 'running',
    reason: line.reason === null ? null : book.names.name(line.reason),
    dueAt: line.due,
    error: line.data ? ((JSON.parse(line.data) as { error?: ErrorNote }).error ?? null) : null,
  }
}

function moved(line: LogRow): Chapter {
  const data = JSON.parse(line.data ?? '{}') as { to?: string; by?: string; why?: string }
  return { kind: 'move', at: line.at, to: data.to ?? '', by: data.by ?? '', why: data.why ?? '' }
}
