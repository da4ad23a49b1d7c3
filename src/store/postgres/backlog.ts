import type { Backlog } from '../store.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'
import { BUCKETS } from './refs.ts'

/** Where nobody works, so many are counted and no more. */
const COUNTED_MAX = 10_000

/**
 * What waits: our own buckets as memory has them, those of others as they last said, and what nobody owns counted, up to a bound.
 * Nothing of it grows with what waits.
 */
export async function backlog(sql: Sql, own: { id: string; buckets: readonly number[]; counts: Backlog }, now: number) {
  if (own.buckets.length === BUCKETS) return own.counts
  const [rest] = await sql.again<{ others: readonly Backlog[]; unowned: readonly Part[] }>(REST, [
    ...[own.id, SILENT_MS, now, COUNTED_MAX],
  ])
  return [own.counts, ...rest!.others, ...rest!.unowned.map((part) => partOf(part, now))].reduce(added)
}

const SILENT_MS = 6_000

interface Part {
  readonly state: number
  readonly held: boolean
  readonly later: boolean
  readonly count: number
  readonly first: number
}

const NOTHING: Backlog = { ready: 0, scheduled: 0, held: 0, running: 0, dead: 0, readyOldestMs: 0 }

function partOf({ state, held, later, count, first }: Part, now: number): Backlog {
  if (state === 3) return { ...NOTHING, dead: count }
  if (state === 1) return { ...NOTHING, running: count }
  if (later) return { ...NOTHING, scheduled: count }
  if (held) return { ...NOTHING, held: count }
  return { ...NOTHING, ready: count, readyOldestMs: Math.max(0, now - first) }
}

const added = (a: Backlog, b: Backlog): Backlog => ({
  ...{ ready: a.ready + b.ready, scheduled: a.scheduled + b.scheduled, held: a.held + b.held },
  ...{ running: a.running + b.running, dead: a.dead + b.dead },
  readyOldestMs: Math.max(a.readyOldestMs, b.readyOldestMs),
})

const REST = prepared(
  'backlog',
  `
with living as (
  select id, counts, works from hookkeeper_members where seen > clock_timestamp() - $2 * interval '1 ms'
), unowned as (
  select bucket from hookkeeper_buckets b where b.owner is null or not exists (select from living l where l.id = b.owner)
), sample as (
  select case when q.state = 1 and not exists (select from living l where l.id = q.holder) then 0 else q.state end as state,
    q.held, q.due
  from unowned u cross join lateral (
    select state, held, due, holder from hookkeeper_queue q where q.bucket = u.bucket limit $4) q limit $4
)
select
  (select coalesce(json_agg(counts), '[]') from living where id <> $1 and works and counts ? 'ready') as others,
  (select coalesce(json_agg(p), '[]') from (
    select state, held, due > $3 as later, count(*)::int4 as count, min(due)::float8 as first from sample group by 1, 2, 3) p) as unowned`,
)
