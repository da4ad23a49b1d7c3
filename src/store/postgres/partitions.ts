import type { Sql } from './driver.ts'

/** What is partitioned by the day of `created`. */
export const BY_DAY = ['seen', 'bodies', 'history'] as const
export type ByDay = (typeof BY_DAY)[number]

/** Taken by whoever makes or drops partitions: one at a time. */
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

  /** Resolves when rows of these days can be written. */
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
    const missing = await this.#sql.rows<{ name: ByDay }>(
      `select name from unnest($1::text[]) name where to_regclass('hookkeeper_' || name || '_' || $2::int) is null`,
      [BY_DAY, day],
    )
    if (missing.length > 0) await this.#sql.together((rows) => attach(rows, day))
    this.#known.add(day)
  }
}

/**
 * Made apart and then attached: that locks out nobody who reads or writes the other days, however long he has been reading.
 * (`create table .. partition of` would wait for him, and everybody else behind it.)
 */
async function attach(rows: Sql['rows'], day: number): Promise<void> {
  await rows('select pg_advisory_xact_lock($1)', [LOCK])
  for (const name of BY_DAY) {
    const parent = `hookkeeper_${name}`
    const [found] = await rows<{ there: boolean }>('select to_regclass($1) is not null as there', [`${parent}_${day}`])
    if (found?.there) continue
    await rows(`create table ${parent}_${day} (like ${parent} including all)`)
    await rows(`alter table ${parent} attach partition ${parent}_${day} for values from (${day}) to (${day + 1})`)
  }
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

/** Takes a day away without making anybody wait: first out of the table, which needs no lock on it, then gone. Gone is gone. */
export async function dropDay(sql: Sql, name: ByDay, day: number): Promise<void> {
  const parent = `hookkeeper_${name}`
  const [part] = await sql.rows<{ pending: boolean }>(
    'select inhdetachpending as pending from pg_inherits where inhrelid = to_regclass($1)',
    [`${parent}_${day}`],
  )
  if (part)
    await sql.rows(
      `alter table ${parent} detach partition ${parent}_${day} ${part.pending ? 'finalize' : 'concurrently'}`,
    )
  await sql.rows(`drop table if exists ${parent}_${day}`)
}

/**
 * Days that somebody had begun to take away when he ended: out of the table, or on the way. Until the way is gone to its end
 * nothing else can be detached from that table.
 */
export const halfGone = (sql: Sql): Promise<{ name: ByDay; day: number }[]> =>
  sql.rows(
    `select p.name, substring(c.relname from '_([0-9]+)$')::int4 as day
     from unnest($1::text[]) p(name) join pg_class t on t.oid = to_regclass('hookkeeper_' || p.name)
     join pg_class c on c.relnamespace = t.relnamespace and c.relname ~ ('^hookkeeper_' || p.name || '_[0-9]+$') and c.relkind = 'r'
     left join pg_inherits i on i.inhrelid = c.oid
     where i.inhrelid is null or i.inhdetachpending`,
    [BY_DAY],
  )
