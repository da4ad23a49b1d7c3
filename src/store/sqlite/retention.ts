import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { noteArrived } from './arrive.ts'
import type { Book } from './book.ts'
import { keysOf } from './keys.ts'
import { logOf } from './rows.ts'
import { dropSegment } from './segments.ts'
import type { EventRow } from './statements.ts'

const DAY_MS = 86_400_000
/** Rows that one pass looks at. */
const BODIES_A_PASS = 200
const EVENTS_A_PASS = 100
/** Whoever waits for a commit waits for the pass before it too: after so long it leaves the rest to the next. */
const PASS_MS = 6
/** About how much of the log one deleted event takes: it lies in many tables, and not beside its neighbours. */
const DELETED_BYTES = 5 * 4096

export interface Retention {
  /** How long the body of a settled event is kept. */
  readonly bodyDays: number
  /** How long its id, row and history are; at least 35: Stripe retries for 3 days, lists for 30, and a forgotten id would be worked again. */
  readonly eventDays: number
  /** How often to look while there is nothing to delete. */
  readonly everyMs: number
}

/** While there is more to delete, the next pass comes this soon. */
const AGAIN_MS = 40

/**
 * Deletes what is past its time, a little each pass: first bodies, later rows with their ids, keys and history. Open events and
 * dead letters stay, whatever their age. What an earlier round left is small, so each round starts from the oldest again.
 */
export class Sweeper {
  readonly #retention: Retention
  /** Has all that was committed on the disk. */
  readonly #synced: () => void
  #drops: Drops | null = null
  #bodiesFrom = 0
  #eventsFrom = 0
  #dueAt = 0

  constructor(retention: Retention, synced: () => void) {
    this.#retention = retention
    this.#synced = synced
  }

  /** When the next pass is due. */
  get dueAt(): number {
    return this.#dueAt
  }

  /** A pass, if one is due; gives about how many bytes it wrote. */
  step(book: Book): number {
    const now = book.now()
    if (now < this.#dueAt) return 0
    const enough = now + PASS_MS
    const bodies = this.#dropBodies(book, now - this.#retention.bodyDays * DAY_MS)
    const segment = dropSegment(book, now - this.#retention.bodyDays * DAY_MS, this.#synced)
    const events = this.#dropEvents(book, now - this.#retention.eventDays * DAY_MS, enough)
    if (events.deleted > 0) noteArrived(book)
    book.db
      .prepare('delete from hookkeeper_strays where id in (select id from hookkeeper_strays where at < ? limit 100)')
      .run(now - this.#retention.eventDays * DAY_MS)
    const more = segment || bodies === BODIES_A_PASS || events.more
    this.#dueAt = now + (more ? AGAIN_MS : this.#retention.everyMs)
    return events.deleted * DELETED_BYTES
  }

  #dropBodies(book: Book, before: number): number {
    const rows = book.db
      .prepare(
        'select b.seq, e.state, e.received from hookkeeper_bodies b join hookkeeper_events e on e.seq = b.seq where b.seq > ? order by b.seq limit ?',
      )
      .all(this.#bodiesFrom, BODIES_A_PASS)
    const old = rows.filter((row) => Number(row['received']) < before)
    const drop = book.db.prepare('delete from hookkeeper_bodies where seq = ?')
    for (const row of old) if (isDone(book, row)) drop.run(row['seq']!)
    this.#bodiesFrom = old.length === BODIES_A_PASS ? Number(old.at(-1)!['seq']) : 0
    return old.length
  }

  #dropEvents(book: Book, before: number, enough: number): { deleted: number; more: boolean } {
    const rows = book.db
      .prepare('select * from hookkeeper_events where seq > ? order by seq limit ?')
      .all(this.#eventsFrom, EVENTS_A_PASS) as unknown as EventRow[]
    const old = rows.filter((row) => row.received < before)
    const has = book.db.prepare('select 1 from hookkeeper_events where seq = ?')
    const drops = (this.#drops ??= new Drops(book.db))
    let looked = 0
    let deleted = 0
    for (const row of old) {
      if (looked > 0 && book.now() >= enough) break
      looked++
      // An object's chain is never broken: what came after a dead letter of the same object stays as long as that does. And what is
      // not filed yet would be filed after it had gone; the highest number that was ever given could be forgotten with it.
      if (row.seq > book.projection.marks.keys || !isDone(book, row) || (row.prior !== 0 && has.get(row.prior)))
        continue
      drops.event(book, row)
      deleted++
    }
    const seen = old.slice(0, looked)
    dropStretches(book, seen)
    const more = seen.length < old.length || seen.length === EVENTS_A_PASS
    this.#eventsFrom = more ? seen.at(-1)!.seq : 0
    return { deleted, more }
  }
}

// The tables may lag behind: an event that memory knows anew is not touched, whatever its row says.
const isDone = (book: Book, row: { seq?: unknown; state?: unknown }) =>
  row.state === 2 && !book.touched.has(Number(row.seq))

function dropStretches(book: Book, old: readonly EventRow[]): void {
  const oldest = book.db.prepare('select min(seq) as seq from hookkeeper_events').get()?.['seq'] ?? book.seq
  for (const release of new Set(old.map(({ release }) => release)))
    if (release !== null) book.stretches.drop(release, Number(oldest))
}

/** An event leaves by many tables: each statement is prepared once. */
class Drops {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  event(book: Book, row: EventRow): void {
    const keys = keysOf({ type: book.names.name(row.type), customer: row.customer }, row.lane)
    const day = Math.floor(row.received / DAY_MS)
    for (const key of keys) this.#from('keys where day = ? and key = ? and seq = ?', day, key, row.seq)
    for (const { n } of logOf(book, row.last)) this.#from('log where n = ?', n)
    this.#from('seen where id = ? and tenant = ?', row.id, row.tenant)
    this.#from('bodies where seq = ?', row.seq)
    if (row.object) this.#from('objects where object = ? and tenant = ? and last = ?', row.object, row.tenant, row.seq)
    this.#from('events where seq = ?', row.seq)
  }

  #from(what: string, ...values: (string | number)[]): void {
    let statement = this.#statements.get(what)
    if (!statement) this.#statements.set(what, (statement = this.#db.prepare(`delete from hookkeeper_${what}`)))
    statement.run(...values)
  }
}
