import { viaOf } from '../codes.ts'
import type { Entry } from '../store.ts'
import type { Book } from './book.ts'
import { touchedOf } from './rows.ts'
import type { EventRow } from './statements.ts'

/** A row as people see it, with what memory knows better. */
export function entryOf(book: Book, row: EventRow): Entry {
  const touched = book.touched.get(row.seq) ?? touchedOf(book, row)
  const type = book.names.name(row.type)
  const tenant = book.tenants.tenant(row.tenant)
  const { state, attempts, dueAt, reason } = touched.row
  const held = touched.held ? 'restored' : book.holding.why({ type, lane: row.lane, tenant })
  return {
    ref: row.seq,
    id: row.id,
    type,
    tenant,
    endpoint: book.names.name(row.endpoint),
    via: viaOf(row.via),
    lane: row.lane,
    object: row.object,
    customer: row.customer,
    apiVersion: row.api_version === null ? null : book.names.name(row.api_version),
    state,
    held: state === 'waiting' ? held : null,
    attempts,
    createdAt: row.created,
    receivedAt: row.received,
    dueAt: state === 'waiting' ? dueAt : null,
    doneAt: touched.endedAt,
    reason,
    twinOf: touched.twin,
    release: touched.release === null ? null : book.names.name(touched.release),
  }
}
