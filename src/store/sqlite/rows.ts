import type { Event } from '../../core/event.ts'
import type { Json } from '../../core/outcome.ts'
import { KIND, stateOf, viaOf } from '../codes.ts'
import { forget } from '../moves.ts'
import type { Ref } from '../store.ts'
import type { Row } from '../transitions.ts'
import type { Book, Touched } from './book.ts'
import type { EventRow, LogRow } from './statements.ts'

/**
 * What is true of an event now: from memory if it changed lately, else from its row; null when there is no such event. Memory keeps
 * only what changes, so whoever changes it says so, mostly by a line in the log.
 */
export function latest(book: Book, ref: Ref): Touched | null {
  const known = book.touched.get(ref)
  const row = known ? null : readRow(book, ref)
  return known ?? (row && latestOf(book, row))
}

export function latestOf(book: Book, row: EventRow): Touched {
  const known = book.touched.get(row.seq)
  if (known) return known
  const touched = touchedOf(book, row)
  if (row.fence > 0) touched.memory = logOf(book, row.last).reduce(recall, {})
  return touched
}

export const readRow = (book: Book, ref: Ref): EventRow | null =>
  (book.sql.read.get(ref) as EventRow | undefined) ?? null

export function touchedOf(book: Book, row: EventRow): Touched {
  return {
    row: rowOf(book, row),
    held: row.held === 1,
    strict: row.strict === 1,
    endedAt: row.ended,
    reasonId: row.reason,
    release: row.release,
    twin: row.twin,
    last: row.last,
    memory: {},
  }
}

export function rowOf(book: Book, row: EventRow): Row {
  const state = stateOf(row.state)
  return {
    state,
    fence: row.fence,
    attempts: row.attempts,
    lost: row.lost,
    dueAt: state === 'running' ? row.received : row.due,
    leaseEndsAt: state === 'running' ? row.due : 0,
    laterAt: row.later,
    reason: row.reason === null ? null : (book.names.name(row.reason) as Row['reason']),
  }
}

export function eventOf(book: Book, row: EventRow, body: Uint8Array): Event {
  return {
    id: row.id,
    type: book.names.name(row.type),
    tenant: book.tenants.tenant(row.tenant),
    apiVersion: row.api_version === null ? null : book.names.name(row.api_version),
    createdAt: row.created,
    object: row.object,
    customer: row.customer,
    endpoint: book.names.name(row.endpoint),
    via: viaOf(row.via),
    body,
  }
}

/** Every line of an event, in order. */
export function logOf(book: Book, last: number | null): LogRow[] {
  const lines: LogRow[] = []
  for (let n = last; n !== null; ) {
    const line = book.sql.logLine.get(n) as LogRow | undefined
    if (!line) break
    lines.push(line)
    n = line.prev
  }
  return lines.reverse()
}

function recall(memory: Record<string, Json>, line: LogRow): Record<string, Json> {
  if (!line.data) return memory
  const data = JSON.parse(line.data) as { returned?: string[]; key?: string; value?: Json; forget?: string }
  if (line.kind === KIND.move) return forget(memory, data.forget ?? 'nothing')
  if (line.kind === KIND.memory && data.key !== undefined) memory[data.key] = data.value ?? null
  for (const name of data.returned ?? []) memory[`handler:${name}`] = true
  return memory
}
