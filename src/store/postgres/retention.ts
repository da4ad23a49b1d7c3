import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Lead } from '../store.ts'
import type { Sql } from './driver.ts'
import { type ByDay, daysOf, dropDay, halfGone, type Partitions } from './partitions.ts'
import { dayOf } from './refs.ts'

const DAY_MS = 86_400_000
/** Who drops partitions; the others pass by. */
const LOCK_NAME = 'retention'
const LOCK_MS = 600_000
/** Rows of a partition that cannot go whole are deleted this many at once. */
const A_PORTION = 5_000
const NEWS_KEPT = '10 minutes'
/** `seen` last: it says which days there are. */
const WHOLE = ['history', 'bodies', 'seen'] as const

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
  #wake = () => {}
  #pass: Promise<void> | null = null
  #again = false
  #closed = false

  constructor(deps: Deps) {
    this.#deps = deps
    this.#plan()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    await this.#pass
  }

  /** One pass at a time; what fell due meanwhile is one more. */
  run(): void {
    this.#again = true
    this.#pass ??= this.#passes().finally(() => (this.#pass = null))
  }

  async #passes(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      await this.#deps
        .lead(LOCK_NAME, (signal) => this.sweep(signal))
        .catch((error: Error) => this.#deps.log.warn({}, `retention: ${error.message}`))
    }
  }

  #plan(): void {
    if (this.#closed) return
    this.#wake = this.#deps.clock.after(this.#deps.retention.everyMs, () => {
      this.run()
      this.#plan()
    })
  }

  /** Harmless beside another one; where it no longer leads it ends after the day that it is at. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { sql, retention, now, take } = this.#deps
    if ((await take(LOCK_NAME, LOCK_MS)) === null) return
    const bodiesBefore = now() - retention.bodyDays * DAY_MS
    const eventsBefore = now() - retention.eventDays * DAY_MS
    for (const { name, day } of await halfGone(sql)) await this.#drop(day, name === 'seen' ? WHOLE : [name])
    for (const day of await daysOf(sql, 'seen')) {
      signal.throwIfAborted()
      if (day < dayOf(eventsBefore)) await this.#events(day, eventsBefore)
    }
    for (const day of await daysOf(sql, 'bodies')) {
      signal.throwIfAborted()
      if (day < dayOf(bodiesBefore)) await this.#bodies(day, bodiesBefore)
    }
    await sql.rows('delete from hookkeeper_strays where at < $1', [eventsBefore])
    await sql.rows(`delete from hookkeeper_news where at < now() - interval '${NEWS_KEPT}'`)
    await sql.rows('delete from hookkeeper_objects where day < $1', [dayOf(eventsBefore) - 30])
  }

  async #events(day: number, before: number): Promise<void> {
    if (!(await this.#stays(day, before))) return this.#drop(day, WHOLE)
    const { sql } = this.#deps
    for (const table of ['history', 'bodies'] as const)
      await this.#portions(
        `delete from hookkeeper_${table} t using (
           select s.day, s.bucket, s.n from hookkeeper_seen s where s.day = $1 and ${GONE} limit $3) s
         where t.day = $1 and t.day = s.day and t.bucket = s.bucket and t.n = s.n returning 1`,
        [day, before * 1000],
        sql,
        false,
      )
    await this.#portions(
      `delete from hookkeeper_seen t using (
         select s.day, s.id, s.tenant from hookkeeper_seen s where s.day = $1 and ${GONE} limit $3) s
       where t.day = $1 and t.id = s.id and t.tenant = s.tenant returning 1`,
      [day, before * 1000],
      sql,
      true,
    )
  }

  async #bodies(day: number, before: number): Promise<void> {
    if (!(await this.#stays(day, before))) return this.#drop(day, ['bodies'])
    await this.#deps.sql.rows(
      `delete from hookkeeper_bodies b using hookkeeper_seen s
       where b.day = $1 and s.day = $1 and s.bucket = b.bucket and s.n = b.n and s.arrived < $2
         and not exists (select from hookkeeper_queue q where q.bucket = s.bucket and q.n = s.n)`,
      [day, before * 1000],
    )
  }

  /** Does the day have something that is open, dead, tied to such, or young? */
  async #stays(day: number, before: number): Promise<boolean> {
    const [row] = await this.#deps.sql.again<{ stays: boolean }>(
      `select exists (select from hookkeeper_queue where day = $1)
         or exists (select from hookkeeper_seen s where s.day = $1 and not (${GONE.replaceAll('$2', '$2::int8')})) as stays`,
      [day, before * 1000],
    )
    return row!.stays
  }

  async #drop(day: number, tables: readonly ByDay[]): Promise<void> {
    for (const table of tables) await dropDay(this.#deps.sql, table, day)
    this.#deps.partitions.forget()
  }

  async #portions(text: string, values: readonly unknown[], sql: Sql, whole: boolean): Promise<void> {
    for (;;) {
      const gone = await sql.rows(text, [...values, whole ? A_PORTION : 2 ** 31 - 1])
      if (!whole || gone.length < A_PORTION) return
    }
  }
}

/** Old, out of the queue, and no event of its object is open or dead: what came after a dead letter stays as long as that does. */
const GONE = `s.arrived < $2
  and not exists (select from hookkeeper_queue q where q.bucket = s.bucket and q.n = s.n)
  and (s.object is null or not exists (
    select from hookkeeper_seen o join hookkeeper_queue q on q.bucket = o.bucket and q.n = o.n
    where o.object = s.object and o.tenant = s.tenant))`
