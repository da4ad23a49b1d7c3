import type { State } from '../../core/outcome.ts'
import { KIND } from '../codes.ts'
import type { Book, Touched } from './book.ts'
import type { LogRow } from './statements.ts'

/** What one line of the log says of its event. Absolute values only: folding a line twice is folding it once. */
export function foldLine(book: Book, touched: Touched, line: LogRow): void {
  const data = line.data ? (JSON.parse(line.data) as LineData) : {}
  switch (line.kind) {
    case KIND.lease:
      touched.row = {
        ...touched.row,
        state: 'running',
        fence: line.fence,
        attempts: line.attempt ?? 0,
        leaseEndsAt: line.due ?? 0,
      }
      touched.release = line.release
      touched.strict = data.strict ?? false
      return
    case KIND.done:
    case KIND.dead:
      return close(book, touched, line, line.kind === KIND.done ? 'done' : 'dead', data)
    case KIND.retry:
    case KIND.wait:
    case KIND.back:
      touched.row = { ...waiting(touched, line), lost: line.kind === KIND.back ? touched.row.lost : 0 }
      touched.strict = data.strict ?? false
      return
    case KIND.lost:
      touched.row = { ...waiting(touched, line), lost: line.lost ?? 1 }
      return
    case KIND.move:
      return move(book, touched, line, data)
  }
}

export interface LineData {
  readonly strict?: boolean
  readonly twin?: string
  readonly to?: string
  readonly state?: State
  readonly held?: boolean
}

function waiting(touched: Touched, line: LogRow): Touched['row'] {
  return {
    ...touched.row,
    state: 'waiting',
    attempts: line.attempt ?? 0,
    dueAt: line.due ?? line.at,
    leaseEndsAt: 0,
    laterAt: line.later ?? 0,
  }
}

function close(book: Book, touched: Touched, line: LogRow, state: 'done' | 'dead', data: LineData): void {
  const reason = book.names.name(line.reason ?? 0) as Touched['row']['reason']
  touched.row = {
    ...touched.row,
    state,
    reason,
    attempts: line.attempt ?? touched.row.attempts,
    lost: 0,
    leaseEndsAt: 0,
  }
  touched.endedAt = line.at
  touched.reasonId = line.reason
  touched.strict = data.strict ?? false
  touched.twin = data.twin ?? touched.twin
}

function move(book: Book, touched: Touched, line: LogRow, data: LineData): void {
  touched.held = data.held ?? false
  if (data.state === 'done' || data.state === 'dead') return close(book, touched, line, data.state, data)
  touched.row = { ...waiting(touched, line), lost: line.lost ?? 0, reason: null }
  touched.endedAt = null
  touched.reasonId = null
  touched.strict = data.strict ?? false
}
