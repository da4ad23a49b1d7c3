import type { Ref } from '../store.ts'
import { texts } from './arrays.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'
import { dayOf, refOf } from './refs.ts'
import { type Known, readKnown } from './rows.ts'

/** Of one object that has more events than this, the older ones are not looked at. */
const SIBLINGS_MAX = 64

/**
 * Events of the same objects that may bear on these: from a day before each on. By tenant and object. What is older can be neither
 * a twin of it nor newer than it.
 */
export async function siblingsOf(sql: Sql, of: readonly Known[]): Promise<Map<string, Known[]>> {
  if (of.length === 0) return new Map()
  const from = Math.min(...of.map(({ createdAt }) => dayOf(createdAt))) - 1
  const found = await refsOfObjects(sql, of, { from, limit: SIBLINGS_MAX })
  const byObject = new Map<string, Known[]>()
  for (const known of await readKnown(sql.again, found)) {
    const key = `${known.tenant} ${known.object}`
    byObject.set(key, [...(byObject.get(key) ?? []), known])
  }
  return byObject
}

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
