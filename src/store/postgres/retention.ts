import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Lead } from '../store.ts'
import { type Aged, bodiesStay, deleteBodies, deleteEvents, stays } from './aged.ts'
import type { Sql } from './driver.ts'
import { BY_DAY, type ByDay, daysOf, type Partitions } from './partitions.ts'
import { dayOf } from './refs.ts'
import { halfGone, remove } from './removal.ts'
import { Stoppable } from './stoppable.ts'

const DAY_MS = 86_400_000
/** Who drops partitions; the others pass by. */
const LOCK_NAME = 'retention'
const LOCK_MS = 600_000
/** Whoever closes gives a pass so long to come to the end of what it is at. */
const PATIENCE_MS = 1_000
const NEWS_KEPT = '10 minutes'

export interface Retention {
  /** How long the body of a settled event is kept. */
  readonly bodyDays: number
  /** How long its id, row and history are; at least 35. */
  readonly eventDays: number
  readonly everyMs: number
}

interface Deps {
  readonly sql: Sql
  readonly partitions: Partitions
  readonly clock: Clock
  readonly log: Logger
  readonly retention: Retention
  readonly lead: Lead
  /** The fence, or null while another process drops. */
  take(name: string, ttlMs: number): Promise<number | null>
  now(): number
}

/**
 * Drops the days that are past their time. A day that still has something open or dead is not dropped: there the rows that are
 * done go, and the rest stays whatever its age.
 */
export class Sweeper {
  readonly #deps: Deps
  /** What may take as long as somebody else's transaction, or as a day has rows. */
  readonly #long: Stoppable
  readonly #closing = new AbortController()
  #wake = () => {}
  #pass: Promise<void> | null = null
  #again = false

  constructor(deps: Deps) {
    this.#deps = deps
    this.#long = new Stoppable(deps.sql)
    this.#plan()
  }

  /** A pass that is under way ends within moments, whatever it waits for; what it has begun is for the next, of whichever process. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#wake()
    this.#stopAfter(PATIENCE_MS)
    await this.#pass
    this.#wake()
  }

  /** Once more each time: a stop that came between two statements has met none. */
  #stopAfter(ms: number): void {
    this.#wake = this.#deps.clock.after(ms, () => {
      this.#stopAfter(ms)
      void this.#long.stop().catch(() => {})
    })
  }

  /** One pass at a time; what fell due meanwhile is one more. */
  run(): void {
    this.#again = true
    this.#pass ??= this.#passes().finally(() => (this.#pass = null))
  }

  async #passes(): Promise<void> {
    const closing = this.#closing.signal
    while (this.#again && !closing.aborted) {
      this.#again = false
      try {
        await this.#deps.lead(LOCK_NAME, (signal) => this.sweep(AbortSignal.any([signal, closing])))
      } catch (error) {
        // That a close has cut it short is no news.
        if (!closing.aborted) this.#deps.log.warn({}, `retention: ${(error as Error).message}`)
      }
    }
  }

  #plan(): void {
    if (this.#closing.signal.aborted) return
    this.#wake = this.#deps.clock.after(this.#deps.retention.everyMs, () => {
      this.run()
      this.#plan()
    })
  }

  /** Harmless beside another one; where it no longer leads, or the ledger closes, it ends after the table that it is at. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { sql, retention, now, take } = this.#deps
    if ((await take(LOCK_NAME, LOCK_MS)) === null) return
    const bodiesBefore = now() - retention.bodyDays * DAY_MS
    const eventsBefore = now() - retention.eventDays * DAY_MS
    for (const { day, tables } of await halfGone(sql)) {
      const bodiesAlone = tables.every((name) => name === 'bodies')
      const before = bodiesAlone ? bodiesBefore : eventsBefore
      await this.#remove({ day, before }, bodiesAlone ? tables : BY_DAY, signal)
    }
    for (const day of await daysOf(sql, 'seen'))
      if (day < dayOf(eventsBefore)) await this.#events({ day, before: eventsBefore }, signal)
    for (const day of await daysOf(sql, 'bodies'))
      if (day < dayOf(bodiesBefore)) await this.#bodies({ day, before: bodiesBefore }, signal)
    signal.throwIfAborted()
    await this.#long.rows('delete from hookkeeper_strays where at < $1', [eventsBefore])
    await this.#long.rows(`delete from hookkeeper_news where at < now() - interval '${NEWS_KEPT}'`)
    await this.#long.rows('delete from hookkeeper_objects where day < $1', [dayOf(eventsBefore) - 30])
  }

  async #events(aged: Aged, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (await stays(this.#deps.sql, aged)) await deleteEvents(this.#long, aged, signal)
    else await this.#remove(aged, BY_DAY, signal)
  }

  async #bodies(aged: Aged, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (await bodiesStay(this.#deps.sql, aged)) await deleteBodies(this.#long, aged)
    else await this.#remove(aged, ['bodies'], signal)
  }

  async #remove(aged: Aged, tables: readonly ByDay[], signal: AbortSignal): Promise<void> {
    const { sql, partitions } = this.#deps
    const look = tables.includes('seen') ? stays : bodiesStay
    await remove({ sql, long: this.#long, day: aged.day, tables, stays: () => look(sql, aged) }, signal)
    partitions.forget()
  }
}
