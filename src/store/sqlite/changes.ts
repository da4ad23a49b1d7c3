import { failure } from '../../core/errors.ts'
import { ENDINGS, KIND } from '../codes.ts'
import type { Change, Changes } from '../store.ts'
import type { Book } from './book.ts'
import type { EventRow, LogRow } from './statements.ts'

const KINDS: Readonly<Record<number, Change['kind']>> = { ...ENDINGS, [KIND.lease]: 'leased', [KIND.move]: 'moved' }

/**
 * Arrivals (by `seq`) and the log (by `n`), merged by time. There is one writer, both numbers only rise, so nothing can be
 * committed behind a cursor; an arrival comes before what happened to it.
 */
export function changes(book: Book, cursor: string | null, max: number): Changes {
  const at = parse(book, cursor)
  const arrivals = book.db.prepare('select * from hookkeeper_events where seq > ? order by seq limit ?')
  const lines = book.db.prepare('select * from hookkeeper_log where n > ? order by n limit ?')
  const arrived = arrivals.all(at.seq, max) as unknown as EventRow[]
  const happened = lines.all(at.n, max) as unknown as LogRow[]
  const data: Change[] = []
  while (data.length < max && (arrived.length > 0 || happened.length > 0)) {
    const next = arrived[0]
    if (next && (!happened[0] || next.received <= happened[0].at)) {
      arrived.shift()
      at.seq = next.seq
      data.push(changeOf(book, next, { kind: 'admitted', at: next.received, reason: null }))
    } else {
      const line = happened.shift()!
      at.n = line.n
      const change = ofLine(book, line)
      if (change) data.push(change)
    }
  }
  return { data, next: `${at.seq}.${at.n}` }
}

function ofLine(book: Book, line: LogRow): Change | null {
  const kind = KINDS[line.kind]
  const event = kind && (book.sql.read.get(line.seq) as EventRow | undefined)
  if (!kind || !event) return null
  return changeOf(book, event, {
    kind,
    at: line.at,
    reason: line.reason === null ? null : book.names.name(line.reason),
  })
}

function changeOf(book: Book, row: EventRow, what: Pick<Change, 'kind' | 'at' | 'reason'>): Change {
  return { ref: row.seq, id: row.id, type: book.names.name(row.type), tenant: book.tenants.tenant(row.tenant), ...what }
}

/** `now` starts at the present: what happens from here on. */
function parse(book: Book, cursor: string | null): { seq: number; n: number } {
  if (cursor === null) return { seq: 0, n: 0 }
  if (cursor === 'now') return { seq: book.seq, n: book.lines }
  const [seq, n] = cursor.split('.').map(Number)
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(n)) {
    throw failure('query_invalid', { what: 'The cursor is not one that this ledger gave' })
  }
  return { seq: seq!, n: n! }
}
