import type { Alive, Workers } from '../workers.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'

/** Who works on this ledger, in whichever process. */
export const workersOver = (sql: Sql, now: () => number): Workers => ({
  async beat({ name, release, handles, ttlMs }) {
    const at = now()
    return sql.again<Alive>(BEAT, [name, release, JSON.stringify(handles), at, at + ttlMs])
  },
  async leave(name) {
    await sql.again('delete from hookkeeper_workers where name = $1', [name])
  },
})

const BEAT = prepared(
  'workers',
  `
with gone as (
  delete from hookkeeper_workers where until <= $4 and name <> $1
), me as (
  insert into hookkeeper_workers as w (name, release, handles, started, until) values ($1, $2, $3::jsonb, $4, $5)
  on conflict (name) do update set release = excluded.release, handles = excluded.handles, until = excluded.until,
    started = case when w.until <= $4 then excluded.started else w.started end
  returning name, release, handles, started
)
select name, release, handles, started::float8 as "startedAt" from me
union all select name, release, handles, started::float8 from hookkeeper_workers where until > $4 and name <> $1`,
)
