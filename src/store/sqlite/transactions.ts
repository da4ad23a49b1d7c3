import { constants, type DatabaseSync } from 'node:sqlite'
import { failure, type HookkeeperError } from '../../core/errors.ts'
import { KIND } from '../codes.ts'
import type { Leased, Ref } from '../store.ts'
import { append } from './log.ts'
import { LOG, LOG_TAIL } from './statements.ts'
import type { Admission, Transacted } from './transacted.ts'

/** The ledger waits while a transaction runs, so each has this long, and a group of them as long again. */
const TRANSACTION_MAX_MS = 100
const GROUP_MAX = 64

/** What stands between a handler's transaction and the writer. */
export interface Gate {
  /** Which of these leases may commit; the writer stands still from the answer until `resume`. */
  pause(works: readonly Leased[]): Promise<readonly (Admission | null)[]>
  resume(transacted: readonly Transacted[]): void
}

/** Where handlers write. */
export interface Connection {
  open(): DatabaseSync
  /** Opened for them alone, so it is closed with them. */
  readonly own: boolean
  /** False: each is rolled back at its end, and sees nothing of the others. */
  readonly keeps: boolean
}

interface Wish {
  readonly work: Leased
  readonly handler: { readonly name: string; readonly last: boolean }
  readonly write: (db: DatabaseSync) => unknown
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Outcome = { ok: true; value: unknown; transacted: Transacted } | { ok: false; error: unknown }

/**
 * Handlers' transactions on a connection of their own thread. Those that wait together share one pause and one commit, each
 * within a savepoint: a throw rolls back its own writes and nobody else's.
 */
export class Transactions {
  readonly #place: Connection
  readonly #gate: Gate
  readonly #clock: () => number
  #db: DatabaseSync | null = null
  /** The last line that this group wrote of each event. */
  readonly #lines = new Map<Ref, number>()
  /** The log's last line so far. */
  #tail = 0
  #log: ReturnType<DatabaseSync['prepare']> | null = null
  #logTail: ReturnType<DatabaseSync['prepare']> | null = null
  #guarding = false
  #denied: string | null = null
  #waiting: Wish[] = []
  #pumping = false
  #closed = false

  constructor(place: Connection, gate: Gate, clock: () => number) {
    this.#place = place
    this.#gate = gate
    this.#clock = clock
  }

  run<V>(work: Leased, handler: { name: string; last: boolean }, write: (db: DatabaseSync) => V): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      this.#waiting.push({ work, handler, write, resolve: resolve as (value: unknown) => void, reject })
      void this.#pump()
    })
  }

  close(): void {
    this.#closed = true
    if (this.#place.own && this.#db?.isOpen) this.#db.close()
    this.#db = null
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    const together = this.#place.keeps ? GROUP_MAX : 1
    while (this.#waiting.length > 0) await this.#group(this.#waiting.splice(0, together))
    this.#pumping = false
  }

  async #group(wishes: readonly Wish[]): Promise<void> {
    let admissions: readonly (Admission | null)[]
    try {
      admissions = await this.#gate.pause(wishes.map(({ work }) => work))
    } catch (error) {
      for (const wish of wishes) wish.reject(error)
      return
    }
    const outcomes = this.#commit(wishes, admissions)
    this.#gate.resume(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.transacted] : [])))
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.ok) wishes[i]!.resolve(outcome.value)
      else wishes[i]!.reject(outcome.error)
    }
  }

  #commit(wishes: readonly Wish[], admissions: readonly (Admission | null)[]): Outcome[] {
    try {
      if (this.#closed) throw failure('store_closed')
      const db = this.#connection()
      db.exec('begin immediate')
      this.#lines.clear()
      this.#tail = Number(this.#logTail!.get()!['n'])
      const outcomes = wishes.map((wish, i) => this.#one(db, wish, admissions[i] ?? null))
      db.exec(this.#place.keeps ? 'commit' : 'rollback')
      return outcomes
    } catch (error) {
      if (this.#db?.isTransaction) this.#db.exec('rollback')
      return wishes.map(() => ({ ok: false, error }))
    }
  }

  #one(db: DatabaseSync, wish: Wish, admission: Admission | null): Outcome {
    if (!admission) return { ok: false, error: failure('stale_lease', { fence: wish.work.fence }) }
    db.exec('savepoint hookkeeper')
    try {
      const value = this.#guarded(db, wish.write)
      const transacted = this.#remember(wish, admission)
      db.exec('release hookkeeper')
      this.#lines.set(transacted.ref, transacted.n)
      this.#tail = transacted.n
      return { ok: true, value, transacted }
    } catch (error) {
      db.exec('rollback to hookkeeper; release hookkeeper')
      return { ok: false, error }
    }
  }

  #guarded(db: DatabaseSync, write: (db: DatabaseSync) => unknown): unknown {
    const startedAt = this.#clock()
    this.#denied = null
    this.#guarding = true
    let value: unknown
    try {
      value = write(db)
    } catch (error) {
      throw this.#denied ? failure('transaction_denied', { what: this.#denied }, { cause: error }) : error
    } finally {
      this.#guarding = false
    }
    const took = Math.round(this.#clock() - startedAt)
    if (took > TRANSACTION_MAX_MS) throw failure('transaction_too_long', { took, max: TRANSACTION_MAX_MS })
    if (isPromise(value)) throw asyncRefused(value)
    return value
  }

  /** The handler's memory, or with the last handler the end of the event: in the same transaction as its writes. */
  #remember({ work, handler }: Wish, { attempt, now, reason, last }: Admission): Transacted {
    const line = handler.last
      ? { at: now, fence: work.fence, attempt, reason }
      : { at: now, fence: work.fence, data: JSON.stringify({ key: `handler:${handler.name}`, value: true }) }
    // Another handler of the same event may stand before it in the group.
    const prev = this.#lines.get(work.ref) ?? last
    const n = this.#tail + 1
    append(this.#log!, { n, ref: work.ref }, handler.last ? KIND.done : KIND.memory, { ...line, prev })
    return { ref: work.ref, fence: work.fence, handler: handler.name, last: handler.last, n, at: now }
  }

  #connection(): DatabaseSync {
    if (this.#db) return this.#db
    const db = this.#place.open()
    this.#log = db.prepare(LOG)
    this.#logTail = db.prepare(LOG_TAIL)
    db.setAuthorizer((code, first, second) => this.#authorize(code, first, second))
    this.#db = db
    return db
  }

  // Asked when a statement is prepared. The ledger's own tables are the writer's, and so is the transaction.
  #authorize(code: number, first: string | null, second: string | null): number {
    if (!this.#guarding) return constants.SQLITE_OK
    const what = denial(code, first, second)
    if (!what) return constants.SQLITE_OK
    this.#denied = what
    return constants.SQLITE_DENY
  }
}

function denial(code: number, first: string | null, second: string | null): string | null {
  if (code === constants.SQLITE_TRANSACTION) return `${(first ?? 'end').toLowerCase()} a transaction of its own`
  if (code === constants.SQLITE_SAVEPOINT && second === 'hookkeeper') return 'touch the savepoint hookkeeper'
  if (code === constants.SQLITE_ATTACH || code === constants.SQLITE_DETACH) return 'attach or detach a database'
  const writes: number[] = [
    constants.SQLITE_INSERT,
    constants.SQLITE_UPDATE,
    constants.SQLITE_DELETE,
    constants.SQLITE_DROP_TABLE,
    constants.SQLITE_ALTER_TABLE,
  ]
  const table = code === constants.SQLITE_ALTER_TABLE ? second : first
  const ours = table?.startsWith('hookkeeper_') && table !== 'hookkeeper_effects'
  return writes.includes(code) && ours ? `write to ${table}` : null
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

function asyncRefused(promise: PromiseLike<unknown>): HookkeeperError {
  // Its own failure has nobody else to hear it.
  promise.then(undefined, () => {})
  return failure('transaction_async')
}
