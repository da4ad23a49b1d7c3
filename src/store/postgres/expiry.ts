import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Ref } from '../store.ts'
import { type After, givenBack, lost } from './attempts.ts'
import type { Book } from './book.ts'
import { Draft } from './draft.ts'
import type { Sql } from './driver.ts'
import { type Leasing, partition } from './leasing.ts'
import { placeOf } from './refs.ts'
import type { Live } from './rows.ts'
import type { Seats } from './seats.ts'

interface Deps {
  readonly sql: Sql
  /** Ours, as a holder. */
  readonly id: string
  readonly seats: Seats
  readonly leasing: Leasing
  readonly log: Logger
  /** Of the process. */
  readonly pace: Clock
  /** Instants of events. */
  now(): number
}

/** The end of a lease that could not be written is tried again after so long. */
const AGAIN_MS = 250
/** A transaction of a handler's that is open for so long after its lease is nobody's any more. */
const LEFT_OPEN_MS = 30_000
const LEFT_OPEN =
  'an event waits for a transaction that its handler or a process that is gone has left open: end that session, ' +
  'or set idle_in_transaction_session_timeout'

/** An end that the rows have refused: since when, until when it is left alone, and whether somebody was told. */
interface Refused {
  readonly since: number
  readonly until: number
  readonly told: boolean
}

/**
 * Ends leases that ran out or lost their process. Written apart and before anything else of a turn: one that another process holds
 * may have been renewed or settled meanwhile, and then its lane is not free. Where a transaction of the user's has the row and stays
 * open, as that of a process that was frozen does, its lane waits for it and no other.
 */
export class Ends {
  readonly #deps: Deps
  readonly #refused = new Map<Ref, Refused>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Resolves to the events of which the rows knew better. */
  async write(book: Book): Promise<Ref[]> {
    const { sql, seats, leasing } = this.#deps
    const at = this.#deps.now()
    const now = this.#deps.pace.now()
    const draft = new Draft()
    const ended = [...book.running].flatMap(([ref, { live, rev }]) => {
      const waits = (this.#refused.get(ref)?.until ?? 0) > now
      const after = waits ? null : this.#overOf(book.orphans.has(ref), { ref, live, at })
      if (!after) return []
      const next = draft.put({ ref, rev, live: after.live, announce: false, lease: true }, ...after.lines)
      return [{ ref, after: { ...after, rev: next } }]
    })
    const written = await draft.write(sql.rows, seats.holdings)
    const [over, refused] = partition(ended, ({ ref }) => written.has(ref))
    for (const { ref, after } of over) book.end(ref, after.live, after, at)
    leasing.forget(ended.map(({ ref }) => ref))
    for (const { ref } of refused) this.#refuse(ref, now)
    for (const [ref, { until }] of this.#refused) if (until <= now) this.#refused.delete(ref)
    return refused.map(({ ref }) => ref)
  }

  /** When there is something to end: an instant of events, and one of the process's clock. Infinite: there is nothing. */
  nextAt(book: Book): { dueAt: number; againAt: number } {
    let dueAt = Number.POSITIVE_INFINITY
    for (const [ref, { live }] of book.running)
      if (!this.#refused.has(ref)) dueAt = Math.min(dueAt, live.row.leaseEndsAt)
    const again = [...this.#refused.values()].map(({ until }) => until)
    return { dueAt, againAt: Math.min(Number.POSITIVE_INFINITY, ...again) }
  }

  #refuse(ref: Ref, now: number): void {
    const { since, told } = this.#refused.get(ref) ?? { since: now, told: false }
    const late = now - since >= LEFT_OPEN_MS
    if (late && !told) this.#deps.log.warn(placeOf(ref), LEFT_OPEN)
    this.#refused.set(ref, { since, until: now + AGAIN_MS, told: late })
  }

  /** A lease whose answer never reached its worker was never begun; any other that ended with its process is an attempt lost. */
  #overOf(orphan: boolean, { ref, live, at }: { ref: Ref; live: Live; at: number }): After | null {
    const never = orphan && live.holder === this.#deps.id
    return (never ? givenBack(live, { ref, fence: live.row.fence }, 0, at) : null) ?? lost(live, ref, at, orphan)
  }
}
