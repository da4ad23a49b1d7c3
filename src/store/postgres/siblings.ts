import type { Ref } from '../store.ts'
import { texts } from './arrays.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'
import { refOf } from './refs.ts'
import { type Known, type KnownRow, knownOf, knownOfAll, named, readKnown } from './rows.ts'

/** Of one object that has more events than this, the older ones are not looked at. */
const SIBLINGS_MAX = 64

/** Events with their bodies, and what may bear on them. */
export interface Family {
  readonly known: readonly Known[]
  /** By tenant and object: from a day before each on, those asked for included. What is older can be neither a twin nor newer. */
  readonly siblings: ReadonlyMap<string, readonly Known[]>
}

/** In one question, since a lease waits for it. */
export async function familyOf(sql: Sql, refs: readonly Ref[]): Promise<Family> {
  const [days, buckets, ns, either] = named(refs)
  const rows = await sql.again<KnownRow>(FAMILY, [days, buckets, ns, Math.min(...either) - 1, SIBLINGS_MAX])
  const all = rows.map(knownOf)
  return {
    known: all.filter((_, i) => rows[i]!.whole),
    siblings: Map.groupBy(all, ({ tenant, object }) => `${tenant} ${object}`),
  }
}

const FAMILY = prepared(
  'family',
  `
with asked as materialized (
  select * from unnest($1::int4[], $2::int4[], $3::int8[]) with ordinality a(day, bucket, n, ord)
), subjects as materialized (
  select s.object, s.tenant, min(s.day) - 1 as since from asked i cross join lateral (
    select object, tenant, day from hookkeeper_seen s
    where s.day >= $4::int4 and s.day = i.day and s.bucket = i.bucket and s.n = i.n offset 0) s
  where s.object is not null group by 1, 2
), family as (
  select day, bucket, n, ord, true as whole from asked
  union all
  select s.day, s.bucket, s.n, 0, false from subjects o cross join lateral (
    select day, bucket, n from hookkeeper_seen s
    where s.object = o.object and s.tenant = o.tenant and s.day >= $4::int4 and s.day >= o.since
    order by s.created desc, s.rank desc, s.arrived desc limit $5::int4) s
  where (s.bucket, s.n) not in (select bucket, n from asked)
)${knownOfAll('family', (table) => `${table}.day >= $4::int4`, 'i.whole')}`,
)

/** All events of the objects of these, whatever their day; the bodies with them, to see which are still there. */
export async function wholeObjects(sql: Sql, of: readonly Known[]): Promise<Known[]> {
  return readKnown(sql.again, await refsOfObjects(sql, of, { from: 0, limit: OBJECT_MAX }), { bodies: true })
}

/** Of an object with more events than this, the older ones are left as they are. */
const OBJECT_MAX = 10_000

type Subject = Pick<Known, 'object' | 'tenant'>

async function refsOfObjects(
  sql: Sql,
  of: readonly Subject[],
  { from, limit }: { from: number; limit: number },
): Promise<Ref[]> {
  const subjects = new Map(of.map((one) => [`${one.tenant} ${one.object}`, one]))
  const objects = [...subjects.values()]
  const rows = await sql.again<{ day: number; bucket: number; n: number }>(OF_OBJECT, [
    texts(objects.map(({ object }) => object)),
    texts(objects.map(({ tenant }) => tenant)),
    ...[from, limit],
  ])
  return rows.map(refOf)
}

const OF_OBJECT = prepared(
  'of_object',
  `
select s.day, s.bucket, s.n::float8 from unnest($1::text[], $2::text[]) o(object, tenant)
cross join lateral (
  select day, bucket, n from hookkeeper_seen s where s.object = o.object and s.tenant = o.tenant and s.day >= $3::int4
  order by s.created desc, s.rank desc, s.arrived desc limit $4::int4) s`,
)
