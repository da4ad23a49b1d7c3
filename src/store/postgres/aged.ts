import type { Sql } from './driver.ts'
import { standingsOf } from './partitions.ts'

/** Rows of a day that cannot go whole are deleted this many at once. */
const A_PORTION = 5_000

/** A day, and the instant before which what came is past its time. */
export interface Aged {
  readonly day: number
  readonly before: number
}

/** Has the day something that is open, dead, tied to such, or young? Asked of a day that is out of its tables too. */
export async function stays(sql: Sql, { day, before }: Aged): Promise<boolean> {
  const there = (await standingsOf(sql.again, day)).get('seen') !== 'gone'
  const [row] = await sql.again<{ stays: boolean }>(
    `select exists (select from hookkeeper_queue where day = $1)
       or exists (select from hookkeeper_seen${there ? `_${day}` : ''} s
         where s.day = $1 and not (${GONE.replaceAll('$2', '$2::int8')})) as stays`,
    [day, before * 1000],
  )
  return row!.stays
}

/** Has the day bodies that are needed, or are too young to go? Asked with each day, and again: so it looks at no more than that. */
export async function bodiesStay(sql: Sql, { day, before }: Aged): Promise<boolean> {
  const [row] = await sql.again<{ stays: boolean }>(
    `select exists (select from hookkeeper_queue where day = $1)
       or exists (select from hookkeeper_seen where day = $1 and arrived >= $2::int8) as stays`,
    [day, before * 1000],
  )
  return row!.stays
}

/** All that is known of events that are past their time, where others of their day stay. */
export async function deleteEvents(long: Pick<Sql, 'rows'>, { day, before }: Aged, signal: AbortSignal): Promise<void> {
  for (const table of ['history', 'bodies']) {
    signal.throwIfAborted()
    await long.rows(
      `delete from hookkeeper_${table} t using (
         select s.day, s.bucket, s.n from hookkeeper_seen s where s.day = $1 and ${GONE}) s
       where t.day = $1 and t.day = s.day and t.bucket = s.bucket and t.n = s.n`,
      [day, before * 1000],
    )
  }
  for (let gone = A_PORTION; gone === A_PORTION; ) {
    signal.throwIfAborted()
    const rows = await long.rows(
      `delete from hookkeeper_seen t using (
         select s.day, s.id, s.tenant from hookkeeper_seen s where s.day = $1 and ${GONE} limit $3) s
       where t.day = $1 and t.id = s.id and t.tenant = s.tenant returning 1`,
      [day, before * 1000, A_PORTION],
    )
    gone = rows.length
  }
}

export async function deleteBodies(long: Pick<Sql, 'rows'>, { day, before }: Aged): Promise<void> {
  await long.rows(
    `delete from hookkeeper_bodies b using hookkeeper_seen s
     where b.day = $1 and s.day = $1 and s.bucket = b.bucket and s.n = b.n and s.arrived < $2
       and not exists (select from hookkeeper_queue q where q.bucket = s.bucket and q.n = s.n)`,
    [day, before * 1000],
  )
}

/** Old, out of the queue, and no event of its object is open or dead: what came after a dead letter stays as long as that does. */
const GONE = `s.arrived < $2
  and not exists (select from hookkeeper_queue q where q.bucket = s.bucket and q.n = s.n)
  and (s.object is null or not exists (
    select from hookkeeper_seen o join hookkeeper_queue q on q.bucket = o.bucket and q.n = o.n
    where o.object = s.object and o.tenant = s.tenant))`
