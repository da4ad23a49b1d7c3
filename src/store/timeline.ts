import type { ErrorNote } from '../core/outcome.ts'
import { ENDINGS, KIND } from './codes.ts'
import type { Chapter } from './store.ts'

/** A line of an event's log, with its names. */
export interface Line {
  readonly kind: number
  readonly at: number
  readonly fence: number
  readonly attempt: number | null
  readonly due: number | null
  readonly worker: string | null
  readonly release: string | null
  readonly reason: string | null
  readonly data: LineData | null
}

interface LineData {
  readonly error?: ErrorNote
  readonly to?: string
  readonly by?: string
  readonly why?: string
}

type Attempt = Extract<Chapter, { kind: 'attempt' }>

/** Each lease begins an attempt, and the next line with its fence ends it; a move is a chapter of its own. */
export function timelineOf(lines: readonly Line[]): Chapter[] {
  const chapters: Chapter[] = []
  for (const line of lines) {
    if (line.kind === KIND.lease) chapters.push(begun(line))
    else if (line.kind === KIND.move) chapters.push(moved(line))
    else if (ENDINGS[line.kind]) endAttempt(chapters, line)
  }
  return chapters
}

function begun(line: Line): Attempt {
  return {
    kind: 'attempt',
    attempt: line.attempt ?? 0,
    fence: line.fence,
    startedAt: line.at,
    endedAt: null,
    worker: line.worker ?? '',
    release: line.release ?? '',
    outcome: 'running',
    reason: null,
    dueAt: null,
    error: null,
  }
}

function endAttempt(chapters: Chapter[], line: Line): void {
  const i = chapters.findLastIndex((chapter) => chapter.kind === 'attempt' && chapter.fence === line.fence)
  const attempt = chapters[i]
  if (attempt?.kind !== 'attempt') return
  chapters[i] = {
    ...attempt,
    endedAt: line.at,
    outcome: ENDINGS[line.kind] ?? 'running',
    reason: line.reason,
    dueAt: line.due,
    error: line.data?.error ?? null,
  }
}

function moved({ at, data }: Line): Chapter {
  return { kind: 'move', at, to: data?.to ?? '', by: data?.by ?? '', why: data?.why ?? '' }
}
