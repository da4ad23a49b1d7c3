import { stateCode } from '../codes.ts'
import type { Ref } from '../store.ts'
import type { Book, Touched } from './book.ts'
import type { Objects } from './objects.ts'
import { Pairs } from './pairs.ts'
import type { Seen } from './seen.ts'
import type { Statements } from './statements.ts'

const EVENTS = 4096
const DAY_MS = 86_400_000
/** Statements of a round with nothing else to do. */
const IDLE_STATEMENTS = 400
/** What busy rounds owe is written in portions of so many, half a millisecond each: every round would write the same pages anew. */
const PORTION = 256
/** How much faster a batch is written than it was gathered, so that it is done when the next is full. */
const PACE = 1.25

/** What goes into one table, in that table's order, so that neighbours share a page. */
interface Section {
  readonly size: number
  readonly write: (i: number) => void
}

/** Tables whose latest rows are in memory. */
interface Tables {
  readonly objects: Objects
  readonly seen: Seen
}

/** A batch on its way into the tables. */
interface Batch {
  readonly sections: Section[]
  /** Where the first section stands. */
  at: number
  /** Statements for each event that a round is about, and what that adds up to since the last portion. */
  readonly pace: number
  owed: number
  readonly states: Float64Array
  readonly logTo: number
  readonly keysTo: number
}

/**
 * Brings the tables after the log, in sorted batches and a few statements a round. Written at once, each settle would dirty
 * pages of its own all over the file: that is what makes on-disk lanes four times slower at a million waiting.
 */
export class Projection {
  readonly #sql: Statements
  readonly #tables: Tables
  #refs = new Set<Ref>()
  #keys: { readonly day: number; readonly pairs: Pairs }[] = []
  #logTo = 0
  #keysTo = 0
  #gathered = 0
  #batch: Batch | null = null
  /** Up to where the tables are known to be complete. */
  readonly marks = { log: 0, keys: 0 }

  constructor(sql: Statements, tables: Tables) {
    this.#sql = sql
    this.#tables = tables
  }

  begin(marks: { log: number; keys: number }): void {
    Object.assign(this.marks, marks)
    this.#logTo = marks.log
    this.#keysTo = marks.keys
  }

  logged(seq: Ref, n: number): void {
    this.#refs.add(seq)
    this.#logTo = n
  }

  admitted(seq: Ref, receivedAt: number, keys: readonly number[]): void {
    const day = Math.floor(receivedAt / DAY_MS)
    let filed = this.#keys.at(-1)
    if (filed?.day !== day) this.#keys.push((filed = { day, pairs: new Pairs() }))
    for (const key of keys) filed.pairs.add(key, seq)
    this.#keysTo = seq
  }

  get idle(): boolean {
    return !this.#batch && this.#refs.size === 0 && this.#keys.length === 0
  }

  /** Does some of the work inside the round's transaction; `load` is how many events the round itself is about. */
  step(book: Book, { load, idle }: { load: number; idle: boolean }): void {
    this.#gathered += load
    const full = this.#logTo - this.marks.log >= 2 * EVENTS || this.#keysTo - this.marks.keys >= EVENTS
    if (!this.#batch && (full || (idle && !this.idle))) this.#batch = this.#cut(book)
    if (this.#batch) this.#write(book, this.#batch, { load, idle })
  }

  #write(book: Book, batch: Batch, { load, idle }: { load: number; idle: boolean }): void {
    batch.owed += idle ? IDLE_STATEMENTS : 1 + load * batch.pace
    if (batch.owed < PORTION) return
    for (; batch.owed > 0; batch.owed--) {
      const section = batch.sections[0]
      if (!section) return this.#finish(book, batch)
      section.write(batch.at++)
      if (batch.at < section.size) continue
      batch.sections.shift()
      batch.at = 0
    }
  }

  #cut(book: Book): Batch {
    // A lease that is still out would be behind the mark: its row goes along as it stands now.
    for (const ref of book.running.keys()) this.#refs.add(ref)
    const states = Float64Array.from(this.#refs).sort()
    const sections = this.#sections(book, states)
    const statements = sections.reduce((sum, { size }) => sum + size, 0)
    const pace = (PACE * statements) / Math.max(1, this.#gathered)
    this.#refs = new Set()
    this.#gathered = 0
    return { sections, at: 0, pace, owed: 0, states, logTo: this.#logTo, keysTo: this.#keysTo }
  }

  #sections(book: Book, states: Float64Array): Section[] {
    const { key } = this.#sql
    const keys = this.#keys.flatMap(({ day, pairs }) => pairs.take().map((sorted) => ({ day, sorted })))
    this.#keys = []
    const objects = this.#tables.objects.takeDirty()
    const ids = this.#tables.seen.take()
    const sections: Section[] = [
      { size: states.length, write: (i) => this.#writeState(states[i]!, book.touched.get(states[i]!)) },
      ...keys.map(({ day, sorted: { size, first, second } }) => ({
        size,
        write: (i: number) => void key.run(day, first(i), second(i)),
      })),
      { size: objects.length, write: (i) => this.#tables.objects.write(objects[i]!) },
      { size: ids.length, write: (i) => this.#tables.seen.write(ids[i]!) },
    ]
    return sections.filter(({ size }) => size > 0)
  }

  #writeState(ref: Ref, touched: Touched | undefined): void {
    if (touched) writeState(this.#sql, ref, touched)
  }

  #finish(book: Book, batch: Batch): void {
    this.#sql.mark.run('log', batch.logTo)
    this.#sql.mark.run('keys', batch.keysTo)
    this.marks.log = batch.logTo
    this.marks.keys = batch.keysTo
    this.#tables.seen.wrote()
    // What has not changed again is now true in the tables, and memory can forget it.
    for (const ref of batch.states) if (!this.#refs.has(ref) && !book.running.has(ref)) book.touched.delete(ref)
    this.#batch = null
  }
}

export function writeState(sql: Statements, ref: Ref, touched: Touched): void {
  const { row } = touched
  sql.state.run(
    stateCode(row.state),
    touched.held ? 1 : 0,
    touched.strict ? 1 : 0,
    row.attempts,
    row.lost,
    row.state === 'running' ? row.leaseEndsAt : row.dueAt,
    row.laterAt,
    row.fence,
    touched.endedAt,
    touched.reasonId,
    touched.release,
    touched.twin,
    touched.last,
    ref,
  )
}
