import type { Sql } from './driver.ts'
import { attach, BY_DAY, type ByDay, oneAtATime, standingsOf } from './partitions.ts'

/** Behind whoever waits for a lock on a table nobody can make a day in it. */
const BRIEFLY = `set local lock_timeout = '1s'`

interface Removal {
  readonly sql: Sql
  /** For what waits for everybody who has used a table. */
  readonly long: Pick<Sql, 'rows'>
  readonly day: number
  /** Without the first of them nothing can come into the day. */
  readonly tables: readonly ByDay[]
  /** Has the day something that must not go? */
  stays(): Promise<boolean>
}

/**
 * Takes a day out of its tables, without making anybody wait, and then away; gone is gone. Whatever was coming into it has come when
 * the first table is without it, so what must stay is looked for then, and if there is something the day is put back. It ends before
 * the next table where `signal` says so, and what is half gone is for the next pass.
 */
export async function remove({ sql, long, day, tables, stays }: Removal, signal: AbortSignal): Promise<void> {
  for (const [i, name] of tables.entries()) {
    signal.throwIfAborted()
    await detach(sql, long, name, day)
    if (i === 0 && (await stays())) return putBack(sql, day)
  }
  if (!(await dropped(sql, day, tables))) await putBack(sql, day)
}

/** Waits for every transaction that has used the table, unless somebody has waited for them before. */
async function detach(sql: Sql, long: Pick<Sql, 'rows'>, name: ByDay, day: number): Promise<void> {
  const parent = `hookkeeper_${name}`
  const alter = `alter table ${parent} detach partition ${parent}_${day}`
  const standing = (await standingsOf(sql.again, day)).get(name)
  if (standing === 'in') await long.rows(`${alter} concurrently`)
  if (standing === 'leaving')
    await sql.together(async (rows) => {
      await rows(BRIEFLY)
      await rows(`${alter} finalize`)
    })
}

/** False: somebody has put some of it back. */
const dropped = (sql: Sql, day: number, tables: readonly ByDay[]): Promise<boolean> =>
  sql.together(async (rows) => {
    await rows(BRIEFLY)
    await oneAtATime(rows)
    const standings = await standingsOf(rows, day)
    if (!tables.every((name) => ['out', 'gone'].includes(standings.get(name)!))) return false
    for (const name of tables) await rows(`drop table if exists hookkeeper_${name}_${day}`)
    return true
  })

/** Whoever owns what waits there hears of it anew: he may have looked for it meanwhile and found nothing. */
const putBack = (sql: Sql, day: number): Promise<void> =>
  sql.together(async (rows) => {
    await rows(BRIEFLY)
    await oneAtATime(rows)
    await attach(rows, day, ['out', 'gone'])
    await rows('update hookkeeper_queue set rev = rev + 1, tx = pg_current_xact_id() where day = $1 and state = 0', [
      day,
    ])
  })

/**
 * Days that somebody had begun to take away when he ended: out of some tables, or on the way. Until the way is gone to its end
 * nothing else can be detached from that table.
 */
export const halfGone = (sql: Sql): Promise<{ day: number; tables: ByDay[] }[]> =>
  sql.rows(
    `select substring(c.relname from '_([0-9]+)$')::int4 as day, array_agg(p.name) as tables
     from unnest($1::text[]) p(name) join pg_class t on t.oid = to_regclass('hookkeeper_' || p.name)
     join pg_class c on c.relnamespace = t.relnamespace and c.relname ~ ('^hookkeeper_' || p.name || '_[0-9]+$') and c.relkind = 'r'
     left join pg_inherits i on i.inhrelid = c.oid
     where i.inhrelid is null or i.inhdetachpending group by 1`,
    [BY_DAY],
  )
