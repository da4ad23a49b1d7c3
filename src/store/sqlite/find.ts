import { failure } from '../../core/errors.ts'
import { stateCode } from '../codes.ts'
import { fits } from '../fits.ts'
import type { Entry, Page, Query, Ref } from '../store.ts'
import { subjectOf } from '../subject.ts'
import type { Book } from './book.ts'
import { chain } from './chain.ts'
import { entryOf } from './entries.ts'
import { subjectKey, typeKey } from './keys.ts'
import { Tails } from './siblings.ts'
import type { EventRow } from './statements.ts'

/** How many rows a page may look at: some milliseconds, since the writer waits meanwhile. The next page goes on from there. */
const LOOKED_AT_MAX = 2000
const DAY_MS = 86_400_000

/**
 * Newest first. The narrowest road is taken (id, object, customer, lane, open, dead, release, type, time); every condition is then
 * checked on the entry itself, as memory and tables together have it.
 */
export function find(book: Book, query: Query): Page<Entry> {
  const before = cursorOf(query)
  const tails = query.superseded === undefined ? null : new Tails(book, (entry) => fits(entry, query))
  const data: Entry[] = []
  let looked = 0
  let last = before
  for (const ref of candidates(book, query, before)) {
    if (data.length >= query.limit || looked++ + (tails?.looked ?? 0) >= LOOKED_AT_MAX)
      return { data, next: String(last) }
    last = ref
    if (!mayFit(book, query, ref)) continue
    const row = book.sql.read.get(ref) as EventRow | undefined
    const entry = row && entryOf(book, row)
    if (entry && fits(entry, query) && (!tails || tails.of(row).has(ref) !== query.superseded)) data.push(entry)
  }
  return { data, next: null }
}

/** Most of what a page passes by is in another state, which one column tells unless memory knows it anew. */
const mayFit = (book: Book, { state }: Query, ref: Ref): boolean =>
  state === undefined || book.touched.has(ref) || book.sql.stateOf.get(ref)?.['state'] === stateCode(state)

/** The newest event of that id, whoever's it is; several tenants may have it, so all are given. */
export function refsOf(book: Book, id: string): Ref[] {
  return book.seen.refs(
    id,
    book.tenants.matching(() => true),
  )
}

export function read(book: Book, ref: Ref): Entry | null {
  const row = book.sql.read.get(ref) as EventRow | undefined
  return row ? entryOf(book, row) : null
}

function cursorOf({ cursor }: Query): number {
  if (cursor === undefined || cursor === null) return Number.MAX_SAFE_INTEGER
  const before = Number(cursor)
  if (!Number.isSafeInteger(before))
    throw failure('query_invalid', { what: 'The cursor is not one that this API gave' })
  return before
}

function candidates(book: Book, query: Query, before: Ref): Iterable<Ref> {
  if (query.id !== undefined) return refsOf(book, query.id).filter((ref) => ref < before)
  if (query.object !== undefined) return byObject(book, query.object, before)
  const subject = subjectCondition(query)
  if (subject) return byKey(book, subject, query, before)
  if (query.state === 'dead') return byIndex(book, 'state = 3', 'dead', before)
  if (query.state === 'waiting' || query.state === 'running' || query.held)
    return byIndex(book, 'state < 2', 'open', before)
  if (query.handledBy !== undefined) return byRelease(book, query.handledBy, query, before)
  const { type } = query
  if (type === undefined || type.includes('*')) return byArrival(book, query, before)
  return byKey(book, { key: typeKey(type), column: 'type', value: book.names.known(type) }, query, before)
}

interface Condition {
  readonly key: number
  /** The same condition on hookkeeper_events. */
  readonly column: 'customer' | 'lane' | 'type'
  readonly value: string | number | null
}

function subjectCondition({ customer, lane }: Query): Condition | null {
  if (customer !== undefined) return { key: subjectKey(customer), column: 'customer', value: customer }
  return lane === undefined ? null : { key: subjectKey(subjectOf(lane)), column: 'lane', value: lane }
}

/** Along the object's chain; where several tenants have it, their chains are merged. */
function* byObject(book: Book, object: string, before: Ref): Generator<Ref> {
  const tenants = book.tenants.matching(() => true)
  const chains = book.objects.lasts(object, tenants).map((last) => chain(book, last))
  const heads = chains.map((refs) => refs.next())
  for (;;) {
    let newest = -1
    for (const [i, { done, value }] of heads.entries()) {
      if (!done && (newest < 0 || value.seq > heads[newest]!.value!.seq)) newest = i
    }
    if (newest < 0) return
    const { seq } = heads[newest]!.value!
    heads[newest] = chains[newest]!.next()
    if (seq < before) yield seq
  }
}

/** Day by day backwards; before them what arrived after the keys were last written. */
function* byKey(book: Book, { key, column, value }: Condition, query: Query, before: Ref): Generator<Ref> {
  const written = book.projection.marks.keys
  const tail = book.db.prepare(
    `select seq from hookkeeper_events where seq < ? and seq > ? and ${column} = ? order by seq desc`,
  )
  for (const row of tail.iterate(before, written, value)) yield Number(row['seq'])
  const inDay = book.db.prepare(
    'select seq from hookkeeper_keys where day = ? and key = ? and seq < ? order by seq desc',
  )
  for (const day of daysOf(book, query)) {
    for (const row of inDay.iterate(day, key, Math.min(before, written + 1))) yield Number(row['seq'])
  }
}

// Skips from day to day by the primary key: `select distinct` would read every key of every day.
function* daysOf(book: Book, query: Query): Generator<number> {
  const next = book.db.prepare('select max(day) as day from hookkeeper_keys where day < ?')
  const last = query.until === undefined ? Number.MAX_SAFE_INTEGER : Math.floor(query.until / DAY_MS) + 1
  const first = query.since === undefined ? 0 : Math.floor(query.since / DAY_MS)
  for (let day = dayBefore(next, last); day !== null && day >= first; day = dayBefore(next, day)) yield day
}

function dayBefore(next: ReturnType<Book['db']['prepare']>, day: number): number | null {
  const found = next.get(day)?.['day']
  return found === null || found === undefined ? null : Number(found)
}

/** What the tables say is open or dead, and what memory says has changed since. */
function* byIndex(book: Book, where: string, wanted: 'open' | 'dead', before: Ref): Generator<Ref> {
  const changed = [...book.touched].flatMap(([ref, { row }]) => {
    const open = row.state === 'waiting' || row.state === 'running'
    return ref < before && (wanted === 'open' ? open : row.state === 'dead') ? [ref] : []
  })
  changed.sort((a, b) => a - b)
  const rows = book.db.prepare(`select seq from hookkeeper_events where ${where} and seq < ? order by seq desc`)
  let previous = Number.POSITIVE_INFINITY
  for (const row of rows.iterate(before)) {
    const seq = Number(row['seq'])
    while (changed.length > 0 && changed.at(-1)! > seq) {
      const ref = changed.pop()!
      if (ref !== previous) yield ref
    }
    if (changed.at(-1) === seq) changed.pop()
    previous = seq
    yield seq
  }
  while (changed.length > 0) yield changed.pop()!
}

/** Only the stretches in which that release has worked are walked. */
function* byRelease(book: Book, release: string, query: Query, before: Ref): Generator<Ref> {
  const from = query.until === undefined ? before : Math.min(before, firstAfter(book, query.until))
  const known = book.names.known(release)
  const inStretch = book.db.prepare(
    'select seq, received from hookkeeper_events where seq >= ? and seq < ? order by seq desc',
  )
  if (known === null) return
  for (const stretch of book.stretches.of(known, from)) {
    for (const row of inStretch.iterate(stretch.from, stretch.to)) {
      if (query.since !== undefined && Number(row['received']) < query.since) return
      yield Number(row['seq'])
    }
  }
}

function* byArrival(book: Book, query: Query, before: Ref): Generator<Ref> {
  const from = query.until === undefined ? before : Math.min(before, firstAfter(book, query.until))
  const rows = book.db.prepare('select seq, received from hookkeeper_events where seq < ? order by seq desc')
  for (const row of rows.iterate(from)) {
    // Arrival is the order of `seq`: past the lower bound there is nothing more to find.
    if (query.since !== undefined && Number(row['received']) < query.since) return
    yield Number(row['seq'])
  }
}

/** The first event that arrived after an instant, by halving: `received` rises with `seq`. */
function firstAfter(book: Book, instant: number): Ref {
  const at = book.db.prepare('select seq, received from hookkeeper_events where seq >= ? order by seq limit 1')
  let low = 1
  let high = book.seq + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = at.get(middle)
    if (row && Number(row['received']) <= instant) low = Math.max(middle, Number(row['seq'])) + 1
    else high = middle
  }
  return low
}
