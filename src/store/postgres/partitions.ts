import type { Sql } from './driver.ts'

/** What is partitioned by the day of `created`. */
export const BY_DAY = ['seen', 'bodies', 'history'] as const
export type ByDay = (typeof BY_DAY)[number]

/** A day's partition is in its table, on its way out, out of it, or not there at all. */
export type Standing = 'in' | 'leaving' | 'out' | 'gone'

/** Taken by whoever makes, puts back or drops partitions: one at a time. */
const LOCK = 4_851_776_002

/**
 * A day's partitions, made when its first event comes. There is no DEFAULT partition: it would have to be read through at each
 * attach, and forbids to detach without a lock.
 */
export class Partitions {
  readonly #sql: Sql
  readonly #known = new Set<number>()
  readonly #making = new Map<number, Promise<void>>()

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /**
   * Resolves when rows of these days can be written, but for a day that retention has taken out of its tables: there the write is
   * refused until the day is gone or back.
   */
  async ready(days: Iterable<number>): Promise<void> {
    for (const day of new Set(days)) if (!this.#known.has(day)) await this.#once(day)
  }

  /** Somebody dropped some: what is there is asked anew. */
  forget(): void {
    this.#known.clear()
  }

  #once(day: number): Promise<void> {
    const making = this.#making.get(day) ?? this.#make(day).finally(() => this.#making.delete(day))
    this.#making.set(day, making)
    return making
  }

  async #make(day: number): Promise<void> {
    const standings = await standingsOf(this.#sql.rows, day)
    if ([...standings.values()].includes('gone'))
      await this.#sql.together(async (rows) => {
        await oneAtATime(rows)
        await attach(rows, day, ['gone'])
      })
    this.#known.add(day)
  }
}

/** Until the transaction ends nobody else makes, puts back or drops partitions. */
export const oneAtATime = (rows: Sql['rows']) => rows('select pg_advisory_xact_lock($1)', [LOCK])

/**
 * Partitions that stand so are in their tables again, made where there are none. Made apart and then attached: that locks out nobody
 * who reads or writes the other days, however long he has been reading. (`create table .. partition of` would wait for him, and
 * everybody else behind it.)
 */
export async function attach(rows: Sql['rows'], day: number, which: readonly Standing[]): Promise<void> {
  for (const [name, standing] of await standingsOf(rows, day)) {
    if (!which.includes(standing)) continue
    const parent = `hookkeeper_${name}`
    if (standing === 'gone') await rows(`create table ${parent}_${day} (like ${parent} including all)`)
    await rows(`alter table ${parent} attach partition ${parent}_${day} for values from (${day}) to (${day + 1})`)
  }
}

export async function standingsOf(rows: Sql['rows'], day: number): Promise<Map<ByDay, Standing>> {
  const found = await rows<{ name: ByDay; standing: Standing }>(
    `select p.name, case when c.oid is null then 'gone' when i.inhrelid is null then 'out' when i.inhdetachpending then 'leaving'
       else 'in' end as standing
     from unnest($1::text[]) p(name) left join pg_class c on c.oid = to_regclass('hookkeeper_' || p.name || '_' || $2::int)
     left join pg_inherits i on i.inhrelid = c.oid`,
    [BY_DAY, day],
  )
  return new Map(found.map(({ name, standing }) => [name, standing]))
}

/** The days that have a partition, the oldest first. */
export async function daysOf(sql: Sql, name: ByDay): Promise<number[]> {
  const found = await sql.rows<{ day: string }>(
    `select substring(c.relname from '_([0-9]+)$') as day from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass and not i.inhdetachpending`,
    [`hookkeeper_${name}`],
  )
  return found.map(({ day }) => Number(day)).sort((a, b) => a - b)
}
