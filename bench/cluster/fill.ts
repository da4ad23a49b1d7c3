import type pg from 'pg'
import { hash53 } from '../../src/store/hash.ts'
import { BUCKETS, bucketOf } from '../../src/store/postgres/refs.ts'
import { tenantText } from '../../src/store/postgres/tenants.ts'
import { connectedTo } from '../../test/services/postgres-client.ts'
import { customerOf, HELD_TYPE, HOT_LANE, LANES, laneOf, type Shape, TENANT, TYPE } from '../ledger/shape.ts'

const DAY_MS = 86_400_000
const BODY_BYTES = 2_919

/** Writes what waits straight into a migrated database, as admissions would have left it: through the ledger it would take long. */
export const fillPostgres = (url: string, shape: Shape, now: number): Promise<void> =>
  connectedTo(url, async (client) => {
    await client.query('set synchronous_commit = off')
    await lanes(client)
    await days(client, Math.floor(now / DAY_MS))
    let from = 0
    const add = async (count: number, more: { type: string; hot: boolean }) => {
      if (count > 0) await write(client, { from: from + 1, to: from + count, now, ...more })
      from += count
    }
    await add(shape.hot, { type: TYPE, hot: true })
    await add(shape.held, { type: HELD_TYPE, hot: false })
    await add(shape.waiting, { type: TYPE, hot: false })
    await client.query('vacuum analyze')
    await client.query('checkpoint')
  })

/** Which lane is in which bucket: the hash is ours, not the database's. */
async function lanes(client: pg.Client): Promise<void> {
  const all = [...Array.from({ length: LANES }, (_, n) => [laneOf(n), customerOf(n)]), [HOT_LANE, 'cus_hot']] as const
  await client.query('create temp table lane (i int primary key, lane text, customer text, hash int8, bucket int)')
  await client.query(
    'insert into lane select * from unnest($1::int[], $2::text[], $3::text[], $4::int8[], $5::int[])',
    [
      all.map((_, n) => n),
      all.map(([lane]) => lane),
      all.map(([, customer]) => customer),
      all.map(([lane]) => hash53(lane!)),
      all.map(([lane]) => bucketOf(lane!)),
    ],
  )
}

async function days(client: pg.Client, day: number): Promise<void> {
  for (const name of ['seen', 'bodies', 'history'])
    await client.query(
      `create table if not exists hookkeeper_${name}_${day} partition of hookkeeper_${name} for values from (${day}) to (${day + 1})`,
    )
}

interface Part {
  readonly from: number
  readonly to: number
  readonly now: number
  readonly type: string
  readonly hot: boolean
}

async function write(client: pg.Client, { from, to, now, type, hot }: Part): Promise<void> {
  await client.query('drop table if exists part')
  await client.query(
    `create temp table part as
     select e.i, lane, customer, hash, l.bucket, row_number() over (partition by l.bucket order by e.i) + coalesce(before, 0) as n
     from generate_series(${from}, ${to}) e(i) join lane l on l.i = ${hot ? LANES : `e.i % ${LANES}`}
     left join (select bucket, max(n) as before from hookkeeper_queue group by bucket) q on q.bucket = l.bucket`,
  )
  const day = Math.floor(now / DAY_MS)
  const values = [day, tenantText(TENANT), type, now]
  await client.query(
    `insert into hookkeeper_seen (day, id, tenant, bucket, n, arrived, type, api_version, endpoint, via, created, lane, object, customer,
       rank, urgency, recorded)
     select $1::int, 'evt_1' || lpad(i::text, 23, '0'), $2::text, bucket, n, $4::int8 * 1000 + i, $3::text, '2026-04-22.dahlia', 'default', 0,
       $4::int8, lane, 'ch_1' || lpad(i::text, 23, '0'), customer, 16, 1, false from part`,
    values,
  )
  await client.query(
    `insert into hookkeeper_bodies select $1::int, bucket, n, decode(repeat('00', ${BODY_BYTES}), 'hex') from part`,
    [day],
  )
  await client.query(
    `insert into hookkeeper_queue (bucket, n, day, arrived, held, due, place, lane, tenant, type, urgency)
     select bucket, n, $1::int, $4::int8 * 1000 + i, false, $4::int8, ($4::int8 / 1000) * 32 + 16, hash, $2::text, $3::text, 1 from part`,
    values,
  )
  for (let bucket = 0; bucket < BUCKETS; bucket++)
    await client.query(
      `select setval('hookkeeper_arrivals_${bucket}', (select coalesce(max(n), 0) + 1 from hookkeeper_queue where bucket = ${bucket}), false)`,
    )
}
