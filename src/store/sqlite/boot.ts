import { KIND, stateCode } from '../codes.ts'
import { hash53 } from '../hash.ts'
import { positionOf } from '../place.ts'
import type { Slot } from '../scheduler.ts'
import type { Ref } from '../store.ts'
import { lose } from '../transitions.ts'
import type { Arrivals } from './arrivals/arrivals.ts'
import { type Place, placeOf } from './arrivals/place.ts'
import type { Book, Touched } from './book.ts'
import { foldLine } from './fold.ts'
import { keysOf } from './keys.ts'
import { start } from './lease.ts'
import { log } from './log.ts'
import { undo } from './move.ts'
import { writeState } from './projection.ts'
import { latestOf, readRow, touchedOf } from './rows.ts'
import type { EventRow, LogRow } from './statements.ts'

const DAY_MS = 86_400_000

/**
 * Reads the ledger back: folds what the log has beyond the tables, then loads what is open. `endLeases` is a boot: the
 * epoch rises, and every lease that an earlier process left behind is an attempt lost. Without it (after a failed write)
 * the leases of this process go on.
 */
export function load(book: Book, how: { endLeases: true } | { endLeases: false; fences: number }): void {
  book.db.exec('begin immediate')
  try {
    book.notBefore(lastInstant(book))
    fold(book)
    book.epoch = markOf(book, 'epoch') + (how.endLeases ? 1 : 0)
    book.fences = how.endLeases ? 0 : how.fences
    book.restoredAt = markOf(book, 'restored')
    book.sql.mark.run('epoch', book.epoch)
    book.sql.mark.run('pid', process.pid)
    loadOpen(book, how.endLeases)
    loadDead(book)
    loadPlace(book)
    book.db.exec('commit')
  } catch (error) {
    book.db.exec('rollback')
    throw error
  }
}

/** When this ledger was last written. */
function lastInstant({ db }: Book): number {
  const event = db.prepare('select received as at from hookkeeper_events order by seq desc limit 1').get()
  const line = db.prepare('select at from hookkeeper_log order by n desc limit 1').get()
  return Math.max(Number(event?.['at'] ?? 0), Number(line?.['at'] ?? 0))
}

/** Brings the tables up to the log's end. The lines are absolute, so what a half-written batch already did does no harm. */
function fold(book: Book): void {
  const last = book.db.prepare('select coalesce(max(seq), 0) as seq from hookkeeper_events').get()!
  // What the tables once had may be past retention: its numbers are not given again.
  book.seq = Math.max(Number(last['seq']), markOf(book, 'keys'))
  book.lines = Number(book.sql.logTail.get()!['n'])
  const changed = new Set<Ref>()
  const reopened = new Set<Ref>()
  for (const line of book.sql.logAfter.iterate(markOf(book, 'log')) as Iterable<unknown> as Iterable<LogRow>) {
    const touched = unfolded(book, line.seq)
    if (!touched) continue // retention took the event
    foldLine(book, touched, line)
    touched.last = line.n
    changed.add(line.seq)
    if (line.kind === KIND.move && touched.row.state === 'waiting') reopened.add(line.seq)
  }
  for (const ref of [...changed].sort((a, b) => a - b)) writeState(book.sql, ref, book.touched.get(ref)!)
  foldArrivals(book, markOf(book, 'keys'))
  for (const ref of changed) foldDone(book, ref)
  undo(
    book,
    [...reopened].map((ref) => readRow(book, ref)!),
  )
  for (const known of book.objects.takeDirty()) book.objects.write(known)
  book.touched.clear()
  book.sql.mark.run('log', book.lines)
  book.sql.mark.run('keys', book.seq)
  book.projection.begin({ log: book.lines, keys: book.seq })
}

function unfolded(book: Book, ref: Ref): Touched | null {
  const known = book.touched.get(ref)
  const row = known ? null : readRow(book, ref)
  if (!row) return known ?? null
  const touched = touchedOf(book, row)
  book.touched.set(ref, touched)
  return touched
}

function foldArrivals(book: Book, after: Ref): void {
  const rows = book.db.prepare('select * from hookkeeper_events where seq > ? order by seq')
  for (const row of rows.iterate(after) as Iterable<unknown> as Iterable<EventRow>) {
    const keys = keysOf({ type: book.names.name(row.type), customer: row.customer }, row.lane)
    for (const key of keys) book.sql.key.run(Math.floor(row.received / DAY_MS), key, row.seq)
    book.seen.write({ id: row.id, tenant: row.tenant, ref: row.seq })
    if (row.object) book.objects.seen(row.object, row.tenant, { seq: row.seq, lane: row.lane, createdAt: row.created })
  }
}

function foldDone(book: Book, ref: Ref): void {
  const row = book.sql.read.get(ref) as EventRow | undefined
  if (!row?.object || row.state !== stateCode('done') || book.names.name(row.reason ?? 0) !== 'worked') return
  book.objects.done(row.object, row.tenant, positionOf({ createdAt: row.created, rank: row.rank }))
}

function loadOpen(book: Book, endLeases: boolean): void {
  const rows = book.db.prepare('select * from hookkeeper_events where state < 2 order by seq')
  // Read whole before anything is written: the losses below go to the log while this walks the rows.
  const running: EventRow[] = []
  const now = book.now()
  for (const row of rows.iterate() as Iterable<unknown> as Iterable<EventRow>) {
    if (row.state === stateCode('running')) running.push(row)
    else addWaiting(book, row, now)
  }
  for (const row of running) {
    if (endLeases) addLost(book, row, now)
    else resume(book, row, now)
  }
}

function addWaiting(book: Book, row: EventRow, now: number): Slot {
  const waiting = {
    ref: row.seq,
    lane: hash53(row.lane),
    tenant: row.tenant,
    type: row.type,
    urgency: row.urgency,
    position: positionOf({ createdAt: row.created, rank: row.rank }),
    dueAt: row.due,
    alone: row.lost > 0,
    blocks: row.strict === 1,
    held: row.held === 1,
  }
  return book.lanes.add(waiting, now)
}

function addLost(book: Book, row: EventRow, now: number): void {
  const touched = latestOf(book, row)
  const lost = lose(touched.row, now)!
  touched.row = lost
  log(book, { ref: row.seq, touched }, KIND.lost, {
    at: now,
    fence: lost.fence,
    attempt: lost.attempts,
    lost: lost.lost,
    due: now,
    later: lost.laterAt || undefined,
  })
  addWaiting(book, { ...row, due: now, lost: lost.lost, strict: 0 }, now)
}

/** A lease of this very process, found again after a write failed: the scheduler takes it as it stands. */
function resume(book: Book, row: EventRow, now: number): void {
  const worker = book.db.prepare(
    'select worker from hookkeeper_log where seq = ? and kind = ? and fence = ? order by n desc',
  )
  const name = book.names.name(Number(worker.get(row.seq, KIND.lease, row.fence)?.['worker'] ?? 0))
  const slot = addWaiting(book, { ...row, due: now, strict: 0 }, now)
  book.touched.set(row.seq, latestOf(book, row))
  book.lanes.claim(slot)
  start(book, row.seq, {
    slot,
    worker: name,
    type: row.type,
    strict: row.strict === 1,
    tenant: row.tenant,
    position: positionOf({ createdAt: row.created, rank: row.rank }),
    event: row,
    lane: row.lane,
    alone: row.lost > 0,
  })
}

function loadPlace(book: Book): void {
  const last = book.db.prepare('select received from hookkeeper_events order by seq desc limit 1').get()
  book.receivedAt = Number(last?.['received'] ?? 0)
  if (book.arrivals) book.arrivals.begin(unread(book, book.arrivals))
}

/**
 * What lies behind the last event that came from a segment has not been taken in yet, except what was no new event or is past
 * retention: the mark tells of that. A copy of a ledger has no segments; those of the one it was made of, which it may find beside
 * it, count from the next on.
 */
function unread(book: Book, arrivals: Arrivals): Place {
  const noted = markOf(book, 'arrived')
  const segment = book.db.prepare('select number, first from hookkeeper_segments order by number desc limit 1').get()
  const row = book.db
    .prepare('select place from hookkeeper_events where seq >= ? and place is not null order by seq desc limit 1')
    .get(segment?.['first'] ?? book.seq + 1)
  if (row) return Math.max(noted, arrivals.behind(Number(row['place'])))
  const within = segment && noted >= placeOf(Number(segment['number']), 0)
  return within ? noted : Math.max(noted, placeOf(markOf(book, 'segment') + 1, 0))
}

function loadDead(book: Book): void {
  const rows = book.db.prepare('select lane, tenant, strict from hookkeeper_events where state = 3')
  for (const row of rows.iterate()) {
    book.dead++
    if (row['strict'] === 1) book.lanes.block(hash53(String(row['lane'])), Number(row['tenant']))
  }
}

export const markOf = (book: Book, name: string): number => Number(book.sql.readMark.get(name)?.['value'] ?? 0)
