import { KIND } from '../codes.ts'
import { OTHERS } from './members.ts'
import { prepared } from './prepared.ts'

/**
 * One statement. An object that is known keeps its lane, and with it the lane's bucket; the others are made known, sorted by
 * object and before all ids, which are sorted too: every admission takes its locks in one order. `offset 0` keeps the look-up of
 * a few objects from becoming a hash join over all there are. What was made before a restore may have been worked by the ledger that
 * was lost, so it is held, whichever process heard of the restore. `alone`: whoever has admitted something before this was sent would
 * be seen here, since he said that he is there before.
 */
const statement = (lease: Lease) => `
with i as materialized (
  select t.*, case when t.mode = 'work' and t.created <= restored.at then 'hold' else t.mode end as dealt from unnest($1::int4[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int4[], $8::int8[], $9::text[],
    $10::text[], $11::text[], $12::int4[], $13::int4[], $14::text[], $15::int8[], $16::int4[], $17::int8[], $18::int8[], $19::bytea[],
    $21::bool[]${lease.arrays})
  with ordinality t(day, id, tenant, type, api_version, endpoint, via, created, lane, object, customer, rank, urgency, mode, arrived,
    bucket, lane_hash, place, body, leads${lease.names}, ord), (select coalesce(max(at), 0) as at from hookkeeper_restores) restored
), alone as materialized (
  select not exists (${OTHERS('$22')}) as so
)${lease.own}, known as materialized (
  select i.day, i.tenant, i.object, i.ord, i.leads, i.lane, i.lane_hash, i.bucket,
    o.lane as kept, o.lane_hash as kept_hash, o.bucket as kept_bucket, o.day as kept_day
  from i left join lateral (
    select * from hookkeeper_objects o where o.object = i.object and o.tenant = i.tenant offset 0) o on true
), made as (
  insert into hookkeeper_objects as o (object, tenant, lane, lane_hash, bucket, day)
  select object, tenant, lane, lane_hash, bucket, day from known
  where leads and (kept is null or kept_day < day - 30) order by object, tenant
  on conflict (object, tenant) do update set day = greatest(o.day, excluded.day)
  returning object, tenant, lane, lane_hash, bucket, xmax = 0 as inserted
), placed as materialized (
  select sorted.*, nextval(('hookkeeper_arrivals_' || at_bucket)::regclass) as n from (
    select k.day, k.ord, coalesce(m.lane, k.kept, k.lane) as at_lane, coalesce(m.lane_hash, k.kept_hash, k.lane_hash) as at_hash,
      coalesce(m.bucket, k.kept_bucket, k.bucket) as at_bucket,
      k.object is null or (k.leads and coalesce(m.inserted, false)) as first
    from known k left join made m on m.object = k.object and m.tenant = k.tenant
    order by k.ord offset 0) sorted
), seen as (
  insert into hookkeeper_seen (day, id, tenant, bucket, n, arrived, type, api_version, endpoint, via, created, lane, object, customer,
    rank, urgency, recorded)
  select i.day, i.id, i.tenant, p.at_bucket, p.n, i.arrived, i.type, i.api_version, i.endpoint, i.via, i.created, p.at_lane, i.object,
    i.customer, i.rank, i.urgency, i.mode = 'record'
  from i join placed p using (ord) order by i.day, i.id, i.tenant
  on conflict (day, id, tenant) do nothing returning bucket, n
), new as materialized (
  select p.*, i.dealt, ${lease.when} as leased
  from placed p join seen s on s.bucket = p.at_bucket and s.n = p.n join i using (ord)
), bodies as (
  insert into hookkeeper_bodies (day, bucket, n, body)
  select new.day, new.at_bucket, new.n, i.body from new join i using (ord)
), queue as (
  insert into hookkeeper_queue (bucket, n, day, arrived, held, due, place, lane, tenant, type, urgency${lease.columns})
  select new.at_bucket, new.n, new.day, i.arrived, new.dealt = 'hold', $20::int8, i.place, new.at_hash, i.tenant, i.type,
    i.urgency${lease.values}
  from new join i using (ord) where i.mode <> 'record'
)${lease.history}
select ord::int4, new.at_bucket as bucket, new.n::float8, new.at_lane as lane, new.first, new.dealt = 'hold' as held, new.leased,
  (select so from alone) as alone, pg_current_xact_id()::text as tx
from new`

type Lease = typeof NO_LEASE

/** Most admissions lease nothing, and a part of a statement that finds nothing to do costs too. */
const NO_LEASE = { arrays: '', names: '', own: '', when: 'false', columns: '', values: '', history: '' }

/** For those that are the first of their object, under the same lock on the bucket as any other lease. */
const WITH_LEASE: Lease = {
  arrays: ', $23::int8[], $24::int8[]',
  names: ', ends, fence',
  own: `, own as materialized (
  select b.bucket from hookkeeper_buckets b join unnest($28::int4[], $29::int8[]) e(bucket, epoch)
    on b.bucket = e.bucket and b.epoch = e.epoch where (select so from alone) for share of b
)`,
  when: `i.ends is not null and p.first and i.dealt = 'work' and p.at_bucket in (select bucket from own)`,
  columns: ', rev, state, attempts, ends, fence, holder, worker, release, leased',
  values: `, new.leased::int4, new.leased::int4, new.leased::int4, case when new.leased then i.ends else 0 end,
    case when new.leased then i.fence else 0 end, case when new.leased then $22::text end, case when new.leased then $25::text end,
    case when new.leased then $26::text end, case when new.leased then $27::int8 end`,
  history: `, history as (
  insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, due, worker, release)
  select new.day, new.at_bucket, new.n, ord, ${KIND.lease}, $27::int8, i.fence, 1, i.ends, $25::text, $26::text
  from new join i using (ord) where new.leased
)`,
}

export const ADMIT = prepared('admit', statement(NO_LEASE))
export const ADMIT_LEASED = prepared('admit_leased', statement(WITH_LEASE))
