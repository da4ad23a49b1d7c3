import type { Ref } from '../store.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'
import { refOf } from './refs.ts'
import { type LiveRow, named } from './rows.ts'

/** A row of the queue, as the scheduler needs it. */
export interface QueueRow {
  readonly bucket: number
  readonly n: number
  readonly day: number
  readonly rev: number
  readonly place: number
  readonly lane: number
  readonly tenant: string
  readonly type: string
  readonly urgency: number
  readonly arrived: number
  readonly held: boolean
  /** All of its life; null while it is as its admission left it. */
  readonly touched: LiveRow | null
}

export interface News {
  /** New, or changed by another hand. */
  readonly rows: readonly (readonly [Ref, QueueRow])[]
  /** By what they were before, and what has left the queue. */
  readonly changed: ReadonlySet<Ref>
}

/** A snapshot as Postgres writes it: what began before `xmax` and is not in `xip` had ended. */
interface Snapshot {
  readonly xmax: string
  readonly xip: readonly string[]
}

const NOTHING: Snapshot = { xmax: '0', xip: [] }

/**
 * What came into our buckets since we last looked. Two looks are two snapshots, and what the second sees and the first did not is
 * what committed between them, in whatever order it began: nothing is missed, nothing is told twice, and nobody waits for a
 * transaction that stays open.
 */
export class Arrivals {
  readonly #sql: Sql
  #seen = new Map<number, Snapshot>()

  constructor(sql: Sql) {
    this.#sql = sql
  }

  get buckets(): readonly number[] {
    return [...this.#seen.keys()]
  }

  /** The next look tells all that is in this bucket. */
  follow(bucket: number): void {
    this.#seen.set(bucket, NOTHING)
  }

  unfollow(bucket: number): void {
    this.#seen.delete(bucket)
  }

  /** All is told anew. */
  again(): void {
    for (const bucket of this.#seen.keys()) this.follow(bucket)
  }

  async look(): Promise<News> {
    const seen = [...this.#seen]
    const found = await this.#sql.again<Found>(LOOK, [
      seen.map(([bucket]) => bucket),
      seen.map(([, { xmax }]) => xmax),
      seen.map(([, { xip }]) => `{${xip.join(',')}}`),
    ])
    const [, xmax = '0', xip = ''] = (found.find(({ kind }) => kind === 0)?.type ?? '').split(':')
    const snapshot = { xmax, xip: xip === '' ? [] : xip.split(',') }
    const known = new Set(seen.flatMap(([bucket, { xmax }]) => (xmax === '0' ? [] : [bucket])))
    for (const [bucket, before] of seen) if (this.#seen.get(bucket) === before) this.#seen.set(bucket, snapshot)
    return newsOf(found, known)
  }

  /** Single rows, as they are now. */
  async reread(refs: readonly Ref[]): Promise<[Ref, QueueRow][]> {
    if (refs.length === 0) return []
    const [, buckets, ns] = named(refs)
    const rows = await this.#sql.again<QueueRow>(REREAD, [buckets, ns])
    return rows.map((row) => [refOf(row), row])
  }
}

type Found = QueueRow & { readonly kind: number }

function newsOf(found: readonly Found[], known: ReadonlySet<number>): News {
  const rows: [Ref, QueueRow][] = []
  const changed = new Set<Ref>()
  const gone: Found[] = []
  for (const row of found) {
    if (row.kind === 2) gone.push(row)
    if (row.kind !== 1) continue
    const ref = refOf(row)
    rows.push([ref, row])
    if (row.rev > 0 && known.has(row.bucket)) changed.add(ref)
  }
  for (const row of gone) if (known.has(row.bucket)) changed.add(refOf(row))
  // Lanes take their turns in the order in which their events came.
  rows.sort(([, a], [, b]) => a.arrived - b.arrived)
  return { rows, changed }
}

const QUEUE_COLUMNS = `bucket, n::float8, day, rev, place::float8, lane::float8, tenant, type, urgency, arrived::float8, held,
  case when rev > 0 then to_jsonb(q) end as touched`

// Bucket by bucket along an index that begins with it, so that what is asked is never more than what is new: what has begun since
// the last look, and each that was under way then by itself.
const since = (table: string, columns: string) => `
  select q.* from e cross join lateral (
    select ${columns} from ${table} q where q.bucket = e.bucket and q.tx >= e.xmax offset 0) q
  union all
  select q.* from e cross join lateral unnest(e.xip) x(tx) cross join lateral (
    select ${columns} from ${table} q where q.bucket = e.bucket and q.tx = x.tx offset 0) q`

const LOOK = prepared(
  'look',
  `
with e as materialized (
  select bucket, xmax, xip::xid8[] as xip from unnest($1::int4[], $2::xid8[], $3::text[]) e(bucket, xmax, xip)
), fresh as (${since('hookkeeper_queue', QUEUE_COLUMNS)}
), gone as (${since('hookkeeper_news', 'bucket, n::float8, day')})
select 0 as kind, 0 as bucket, 0::float8 as n, 0 as day, 0 as rev, 0::float8 as place, 0::float8 as lane, '' as tenant,
  pg_current_snapshot()::text as type, 0 as urgency, 0::float8 as arrived, false as held, null::jsonb as touched
union all
select 1, bucket, n, day, rev, place, lane, tenant, type, urgency, arrived, held, touched from fresh
union all
select 2, bucket, n, day, 0, 0, 0, '', '', 0, 0, false, null from gone`,
)

const REREAD = `
select q.* from unnest($1::int4[], $2::int8[]) i(bucket, n)
cross join lateral (select ${QUEUE_COLUMNS} from hookkeeper_queue q where q.bucket = i.bucket and q.n = i.n offset 0) q`
