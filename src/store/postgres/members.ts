import { prepared } from './prepared.ts'

/** Between saying so and admitting it he may be stopped: for so long he is counted on to come back. */
const OTHER_MS = 60_000

/** Whoever else may admit something, as long as we hear of him; `me` is in the place of our id. */
export const OTHERS = (me: string): string => `
  select from hookkeeper_members m where m.id <> ${me}
    and case when m.works then m.seen > clock_timestamp() - ${OTHER_MS} * interval '1 ms' else m.counts ? 'admits' end`

export interface Bucket {
  readonly bucket: number
  readonly epoch: number
  /** By its row. */
  readonly ours: boolean
}

/** What a beat hears. */
export interface Heard {
  readonly members: readonly string[]
  readonly workers: number
  readonly alone: boolean
  /** The server's clock, in milliseconds. */
  readonly at: number
  readonly buckets: readonly Bucket[]
  readonly missing: readonly Missing[]
}

/** A member that works whose connection is gone. */
export interface Missing {
  readonly id: string
  readonly seen: string
}

// A new process of the same name is the end of the one before. Whoever has been silent for an hour is struck from the list.
export const BEAT = prepared(
  'beat',
  `
with gone as (
  delete from hookkeeper_members where id <> $1 and (($5 and name = $2) or seen < clock_timestamp() - interval '1 hour')
  returning id
), me as (
  insert into hookkeeper_members (id, name, seen, works, counts, pid, session)
  values ($1, $2, clock_timestamp(), $3, $6::jsonb, $7::int4, $8::text::timestamptz)
  on conflict (id) do update set seen = excluded.seen, works = excluded.works, counts = excluded.counts, pid = excluded.pid,
    session = excluded.session
), living as (
  select id, works from hookkeeper_members m
  where m.id <> $1 and m.seen > clock_timestamp() - $4 * interval '1 ms' and m.id not in (select id from gone)
  union all select $1, $3
)
select (select coalesce(json_agg(id), '[]') from living) as members,
  (select count(*)::int4 from living where works) as workers,
  (extract(epoch from clock_timestamp()) * 1000)::float8 as at,
  not exists (${OTHERS('$1')} and m.id not in (select id from gone)) as alone,
  (select json_agg(json_build_object('bucket', bucket, 'epoch', epoch, 'ours', coalesce(owner = $1, false))) from hookkeeper_buckets) as buckets,
  (select coalesce(json_agg(json_build_object('id', m.id, 'seen', m.seen::text)), '[]') from hookkeeper_members m
    where m.works and m.pid is not null and m.id <> $1 and m.id not in (select id from gone) and not exists (
      select from pg_stat_get_activity(m.pid) a where coalesce(a.backend_start, m.session) = m.session)) as missing`,
)

export const STRIKE = `
with gone as (delete from hookkeeper_members where id = $1 and seen = $2::text::timestamptz returning id)
update hookkeeper_buckets set owner = null, epoch = epoch + 1 where owner in (select id from gone)`

// Those in which something waits come first: who takes only a few takes what there is to do.
export const TAKE = `
update hookkeeper_buckets b set owner = $1, epoch = b.epoch + 1, fence = b.fence + $4
from (
  select f.bucket from hookkeeper_buckets f
  where f.owner is null or not exists (
    select from hookkeeper_members m where m.id = f.owner and m.seen > clock_timestamp() - $3 * interval '1 ms')
  order by not exists (select from hookkeeper_queue q where q.bucket = f.bucket and q.state = 0), random()
  limit $2 for update skip locked) free
where b.bucket = free.bucket
returning b.bucket, b.epoch::float8, b.fence::float8`
