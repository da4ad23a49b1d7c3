import { hash53 } from '../hash.ts'
import type { Ref } from '../store.ts'
import type { Book, Touched } from './book.ts'
import { stateCode } from './codes.ts'
import type { Known, Objects } from './objects.ts'
import type { Statements } from './statements.ts'

const BATCH = 4096
const DAY_MS = 86_400_000
const KEY_SPACE = 2 ** 40

/** A batch on its way into the tables, each list in the order of its table, so that neighbours share a page. */
interface Batch {
  readonly states: readonly Ref[]
  readonly timeline: readonly { seq: number; n: number }[]
  readonly keys: readonly { day: number; key: number; seq: number }[]
  readonly objects: readonly Known[]
  readonly logTo: number
  readonly keysTo: number
  done: number
}

/**
 * Brings the tables after the log, in sorted batches and a few statements a round. Written at once, each settle would dirty
 * pages of its own all over the file: that is what makes on-disk lanes four times slower at a million waiting.
 */
export class Projection {
  readonly #sql: Statements
  readonly #objects: Objects
  #refs = new Set<Ref>()
  #timeline: { seq: number; n: number }[] = []
  #keys: { day: number; key: number; seq: number }[] = []
  #logTo = 0
  #keysTo = 0
  #batch: Batch | null = null
  /** Up to where the tables are known to be complete. */
  readonly marks = { log: 0, keys: 0 }

  constructor(sql: Statements, objects: Objects) {
    this.#sql = sql
    this.#objects = objects
  }

  begin(marks: { log: number; keys: number }): void {
    Object.assign(this.marks, marks)
    this.#logTo = marks.log
    this.#keysTo = marks.keys
  }

  logged(seq: Ref, n: number): void {
    this.#refs.add(seq)
    this.#timeline.push({ seq, n })
    this.#logTo = n
  }

  admitted(seq: Ref, receivedAt: number, values: readonly string[]): void {
    const day = Math.floor(receivedAt / DAY_MS)
    for (const value of values) this.#keys.push({ day, key: keyHash(value), seq })
    this.#keysTo = seq
  }

  get idle(): boolean {
    return !this.#batch && this.#timeline.length === 0 && this.#keys.length === 0
  }

  /** Does some of the work, at most `statements` of it, inside the round's transaction. */
  step(book: Book, statements: number, eager: boolean): void {
    const full = this.#timeline.length >= 2 * BATCH || this.#keysTo - this.marks.keys >= 2 * BATCH
    if (!this.#batch && (full || (eager && !this.idle))) this.#batch = this.#cut(book)
    const batch = this.#batch
    if (!batch) return
    const end = batch.done + statements
    while (batch.done < end && this.#write(book, batch)) batch.done++
    if (batch.done < end) this.#finish(book, batch)
  }

  #cut(book: Book): Batch {
    // A lease that is still out would be behind the mark: its row goes along as it stands now.
    for (const ref of book.running.keys()) this.#refs.add(ref)
    const batch: Batch = {
      states: [...this.#refs].sort((a, b) => a - b),
      timeline: this.#timeline.sort((a, b) => a.seq - b.seq || a.n - b.n),
      keys: this.#keys.sort((a, b) => a.day - b.day || a.key - b.key || a.seq - b.seq),
      objects: this.#objects.takeDirty(),
      logTo: this.#logTo,
      keysTo: this.#keysTo,
      done: 0,
    }
    this.#refs = new Set()
    this.#timeline = []
    this.#keys = []
    return batch
  }

  /** Writes the next entry; false when none is left. */
  #write(book: Book, { states, timeline, keys, objects, done }: Batch): boolean {
    let i = done
    if (i < states.length) this.#writeState(states[i]!, book.touched.get(states[i]!))
    else if ((i -= states.length) < timeline.length) this.#sql.timeline.run(timeline[i]!.seq, timeline[i]!.n)
    else if ((i -= timeline.length) < keys.length) this.#sql.key.run(keys[i]!.day, keys[i]!.key, keys[i]!.seq)
    else if ((i -= keys.length) < objects.length) this.#objects.write(objects[i]!)
    else return false
    return true
  }

  #writeState(ref: Ref, touched: Touched | undefined): void {
    if (touched) writeState(this.#sql, ref, touched)
  }

  #finish(book: Book, batch: Batch): void {
    this.#sql.mark.run('log', batch.logTo)
    this.#sql.mark.run('keys', batch.keysTo)
    this.marks.log = batch.logTo
    this.marks.keys = batch.keysTo
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
    ref,
  )
}

/** What `hookkeeper_keys` files a value under; two values may share one, so whoever finds compares the value itself. */
export const keyHash = (value: string): number => hash53(value) % KEY_SPACE
