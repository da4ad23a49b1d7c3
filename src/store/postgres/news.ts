import { failure } from '../../core/errors.ts'
import { hash53 } from '../hash.ts'
import { positionOf, urgencyCode } from '../place.ts'
import type { Ref } from '../store.ts'
import type { Newcomer } from './admit.ts'
import { CONTROLS_VERSION } from './controls.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'
import { placeOf, refOf } from './refs.ts'
import { type LiveRow, named } from './rows.ts'
import { tenantText } from './tenants.ts'

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
  /** By another hand than its bucket's owner's. */
  readonly moved: boolean
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

/** Which server answered: since when it runs, and how far it has come. */
interface Server {
  readonly startedAt: number
  readonly xmax: number
}

const NOTHING: Snapshot = { xmax: '0', xip: [] }

const sees = ({ xmax, xip }: Snapshot, tx: string): boolean => Number(tx) < Number(xmax) && !xip.includes(tx)

/**
 * What came into our buckets since we last looked. Two looks are two snapshots, and what the second sees and the first did not is
 * what committed between them, in whatever order it began: nothing is missed, nothing is told twice, and nobody waits for a
 * transaction that stays open.
 */
export class Arrivals {
  readonly #sql: Sql
  #seen = new Map<number, Snapshot>()
  /** Told before a look could, with the transaction that brought them: the look that sees it does not tell them again. */
  readonly #told = new Map<Ref, string>()
  /** Transactions of which nothing in our buckets is left to tell: looks need not read them. */
  readonly #whole = new Set<string>()
  #server: Server | null = null
  /** As the last look found it. */
  controlsVersion: string | null = null

  constructor(sql: Sql) {
    this.#sql = sql
  }

  get buckets(): readonly number[] {
    return [...this.#seen.keys()]
  }

  /** The next look tells all that is in this bucket. */
  follow(bucket: number): void {
    this.#untell(bucket)
    this.#seen.set(bucket, NOTHING)
  }

  unfollow(bucket: number): void {
    this.#untell(bucket)
    this.#seen.delete(bucket)
  }

  #untell(bucket: number): void {
    for (const ref of this.#told.keys()) if (placeOf(ref).bucket === bucket) this.#told.delete(ref)
  }

  /** All is told anew. */
  again(): void {
    for (const bucket of this.#seen.keys()) this.follow(bucket)
  }

  /** A look has told what was in this bucket when we took it. */
  knows(bucket: number): boolean {
    return (this.#seen.get(bucket) ?? NOTHING) !== NOTHING
  }

  /** What this process has admitted itself, as the next look would tell it. `whole`: with all that came in the same transactions. */
  tell(newcomers: readonly Newcomer[], { whole }: { readonly whole: boolean }): News['rows'] {
    if (whole) for (const { tx } of newcomers) this.#whole.add(tx)
    return newcomers.flatMap((newcomer): [Ref, QueueRow][] => {
      const snapshot = this.#seen.get(placeOf(newcomer.ref).bucket)
      // Not ours, or a look was faster than the answer to the admission.
      if (!snapshot || sees(snapshot, newcomer.tx)) return []
      this.#told.set(newcomer.ref, newcomer.tx)
      return [[newcomer.ref, rowOf(newcomer)]]
    })
  }

  async look(): Promise<News> {
    const seen = [...this.#seen]
    const found = await this.#sql.again<Found>(LOOK, [
      seen.map(([bucket]) => bucket),
      seen.map(([, { xmax }]) => xmax),
      seen.map(([, { xip }]) => `{${xip.join(',')}}`),
      [...this.#whole],
    ])
    const head = found.find(({ kind }) => kind === 0)
    this.controlsVersion = head?.tenant ?? null
    const [, xmax = '0', xip = ''] = (head?.type ?? '').split(':')
    this.#stays({ startedAt: head?.place ?? 0, xmax: Number(xmax) })
    const snapshot = { xmax, xip: xip === '' ? [] : xip.split(',') }
    const known = new Set(seen.flatMap(([bucket, { xmax }]) => (xmax === '0' ? [] : [bucket])))
    for (const [bucket, before] of seen) if (this.#seen.get(bucket) === before) this.#seen.set(bucket, snapshot)
    const news = newsOf(found, known, this.#told)
    for (const [ref, tx] of this.#told) if (sees(snapshot, tx)) this.#told.delete(ref)
    for (const tx of this.#whole) if (sees(snapshot, tx)) this.#whole.delete(tx)
    return news
  }

  /**
   * After a fail-over the numbers of transactions may have gone back, and a snapshot of the server that was says nothing of what
   * the next one does. Throws where it is another one: then all is to be told anew.
   */
  #stays(server: Server): void {
    const before = this.#server
    this.#server = server
    if (before && (before.startedAt !== server.startedAt || before.xmax > server.xmax))
      throw failure('store_failed', { what: 'Postgres was started anew, or is another server' })
  }

  /** Rows of these buckets with a lease of that holder. */
  async heldBy(holder: string, buckets: readonly number[]): Promise<[Ref, QueueRow][]> {
    if (buckets.length === 0) return []
    const rows = await this.#sql.again<QueueRow>(HELD_BY, [buckets, holder])
    return rows.map((row) => [refOf(row), row])
  }

  /** Single rows, as they are now. */
  async reread(refs: readonly Ref[]): Promise<[Ref, QueueRow][]> {
    if (refs.length === 0) return []
    const [, buckets, ns] = named(refs)
    const rows = await this.#sql.again<QueueRow>(REREAD, [buckets, ns])
    return rows.map((row) => [refOf(row), row])
  }
}

export const rowOf = ({ ref, event, lane, arrived }: Newcomer): QueueRow => ({
  ...placeOf(ref),
  ...{ rev: 0, place: positionOf(event), lane: hash53(lane), tenant: tenantText(event.tenant), type: event.type },
  ...{ urgency: urgencyCode(event.urgency), arrived, held: event.as === 'hold', touched: null, moved: false },
})

type Found = QueueRow & { readonly kind: number }

function newsOf(found: readonly Found[], known: ReadonlySet<number>, told: ReadonlyMap<Ref, string>): News {
  const rows: [Ref, QueueRow][] = []
  const changed = new Set<Ref>()
  for (const row of found) {
    if (row.kind === 0) continue
    const ref = refOf(row)
    if (row.kind === 1) {
      if (told.has(ref) && !row.moved) continue
      rows.push([ref, row])
    }
    if (told.has(ref) || (known.has(row.bucket) && (row.kind === 2 || row.rev > 0))) changed.add(ref)
  }
  // Lanes take their turns in the order in which their events came.
  rows.sort(([, a], [, b]) => a.arrived - b.arrived)
  return { rows, changed }
}

const QUEUE_COLUMNS = `bucket, n::float8, day, rev, place::float8, lane::float8, tenant, type, urgency, arrived::float8, held,
  case when rev > 0 then to_jsonb(q) end as touched, tx <> born as moved`

// Bucket by bucket along an index that begins with it, so that what is asked is never more than what is new: what has begun since
// the last look, and each that was under way then by itself. `bucket` names it as its index does; `which` may leave some out.
const since = (table: string, columns: string, { bucket, which }: { bucket: string; which: string }) => `
  select q.* from e cross join lateral (
    select ${columns} from ${table} q where ${bucket} = e.bucket and q.tx >= e.xmax and ${which} offset 0) q
  union all
  select q.* from e cross join lateral unnest(e.xip) x(tx) cross join lateral (
    select ${columns} from ${table} q where ${bucket} = e.bucket and q.tx = x.tx and ${which} offset 0) q`

// What was told already as a whole, unless all is asked for.
const UNTOLD = "(q.tx <> all($4::xid8[]) or e.xmax = '0'::xid8)"

const LOOK = prepared(
  'look',
  `
with e as materialized (
  select bucket, xmax, xip::xid8[] as xip from unnest($1::int4[], $2::xid8[], $3::text[]) e(bucket, xmax, xip)
), fresh as (${since('hookkeeper_queue', QUEUE_COLUMNS, { bucket: 'q.bucket::int8', which: UNTOLD })}
), gone as (${since('hookkeeper_news', 'bucket, n::float8, day', { bucket: 'q.bucket', which: 'true' })})
select 0 as kind, 0 as bucket, 0::float8 as n, 0 as day, 0 as rev,
  extract(epoch from pg_postmaster_start_time())::float8 as place, 0::float8 as lane,
  ${CONTROLS_VERSION} as tenant,
  pg_current_snapshot()::text as type, 0 as urgency, 0::float8 as arrived, false as held, null::jsonb as touched,
  false as moved
union all
select 1, bucket, n, day, rev, place, lane, tenant, type, urgency, arrived, held, touched, moved from fresh
union all
select 2, bucket, n, day, 0, 0, 0, '', '', 0, 0, false, null, false from gone`,
  // Of a bucket that was just taken it reads all that waits, which may be millions.
  120_000,
)

const HELD_BY = `
select ${QUEUE_COLUMNS} from hookkeeper_queue q where q.bucket = any ($1::int4[]) and q.state = 1 and q.holder = $2`

const REREAD = `
select q.* from unnest($1::int4[], $2::int8[]) i(bucket, n)
cross join lateral (select ${QUEUE_COLUMNS} from hookkeeper_queue q where q.bucket = i.bucket and q.n = i.n offset 0) q`
