import { KIND, stateCode } from '../codes.ts'
import { epochsSince, type Restored } from '../restore.ts'
import type { Note } from '../store.ts'
import type { Sql } from './driver.ts'
import { FENCES } from './seats.ts'

/** All in one transaction, however much is open: half of it held would be half of it worked twice. */
export const restore = (sql: Sql, from: number, note: Note, now: number): Promise<Restored> =>
  sql.together(async (rows): Promise<Restored> => {
    // Nobody takes a bucket or leases from one meanwhile, and an admission that has begun is waited for: those that follow read
    // here what they have to hold.
    await rows('select bucket from hookkeeper_buckets order by bucket for update')
    await rows('lock table hookkeeper_queue in share row exclusive mode')
    const [before] = await rows<{ at: number; held: number }>(
      'select at::float8, held from hookkeeper_restores where back = $1',
      [from],
    )
    if (before) return { kind: 'already', ...before }
    // Whoever has one loses it.
    await rows('update hookkeeper_buckets set owner = null, epoch = epoch + 1, fence = fence + $1', [
      epochsSince({ from, now }) * FENCES,
    ])
    await rows(LOSE, [now, KIND.lost, stateCode('running'), stateCode('waiting')])
    const held = { ...note, to: 'hold', forget: 'nothing', state: 'waiting', held: true }
    const [counted] = await rows<{ held: number }>(HOLD, [
      ...[now, KIND.move, stateCode('waiting'), JSON.stringify(held)],
    ])
    await rows('insert into hookkeeper_restores (back, at, held) values ($1, $2, $3)', [from, now, counted!.held])
    return { kind: 'restored', at: now, held: counted!.held }
  })

const LOSE = `
with lost as (
  update hookkeeper_queue set rev = rev + 1, state = $4::int4, lost = lost + 1, due = $1::int8, ends = 0, strict = false,
    holder = null, tx = pg_current_xact_id()
  where state = $3::int4 returning *
)
insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, lost, due, later)
select day, bucket, n, row_number() over (order by bucket, n), $2::int4, $1::int8, fence, attempts, lost, due, nullif(later, 0)
from lost`

const HOLD = `
with held as (
  update hookkeeper_queue set rev = rev + 1, held = true, tx = pg_current_xact_id()
  where state = $3::int4 and not held returning *
), lines as (
  insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, lost, due, later, data)
  select day, bucket, n, 1000000000 + row_number() over (order by bucket, n), $2::int4, $1::int8, fence, attempts, lost, due,
    nullif(later, 0), $4::text
  from held
)
select count(*)::int4 as held from held`
