import { hasCode } from '../../core/errors.ts'
import type { Envelope } from '../../core/event.ts'
import { KIND, viaCode } from '../codes.ts'
import { tooFarAway } from '../created.ts'
import { hash53 } from '../hash.ts'
import { positionOf, urgencyCode } from '../place.ts'
import type { Admitted, Ref } from '../store.ts'
import { bytes, flags, numbers, smalls, texts } from './arrays.ts'
import type { Birth, Expected } from './births.ts'
import { codeOf, type Sql } from './driver.ts'
import type { Partitions } from './partitions.ts'
import { prepared } from './prepared.ts'
import { bucketOf, dayOf, refOf } from './refs.ts'
import { tenantText } from './tenants.ts'

/** An event that was just admitted, as whoever leases it next would read it. */
export interface Newcomer {
  readonly ref: Ref
  readonly event: Envelope
  readonly lane: string
  readonly arrived: number
  /** No event of its object came before. */
  readonly first: boolean
  /** Of its transaction. */
  readonly tx: string
  /** It is leased already. */
  readonly birth: Birth | null
}

interface Deps {
  readonly sql: Sql
  readonly partitions: Partitions
  readonly arrival: Arrival
  /** Who works, and may have some of it at once. */
  readonly desk: {
    expect(events: readonly Envelope[]): Expected | null
    /** Of the admission that it was told to expect, whatever became of that. */
    came(newcomers: readonly Newcomer[], expected: Expected | null): void
  }
  /** As a holder of leases. */
  readonly id: string
  now(): number
}

/** Records events: id, body, row, place in the lane, in one statement. Resolves to the answers, and to who is new. */
export async function admit(deps: Deps, events: readonly Envelope[]) {
  const now = deps.now()
  const batch = new Batch(events, now, deps.arrival)
  if (batch.fresh.length > 0) {
    await deps.partitions.ready(batch.fresh.map(({ createdAt }) => dayOf(createdAt)))
    const expected = deps.desk.expect(batch.fresh)
    try {
      const values = [...batch.values(now), ...leasesOf(batch.fresh, deps.id, expected)]
      for (const row of await insert(deps, values)) batch.place(row, expected)
    } finally {
      deps.desk.came(batch.newcomers, expected)
    }
  }
  return { answers: batch.answers, newcomers: batch.newcomers }
}

function leasesOf(events: readonly Envelope[], id: string, expected: Expected | null): unknown[] {
  if (!expected) return [numbers([]), numbers([]), ...NOBODY, smalls([]), numbers([])]
  const { births, claim, at, holdings } = expected
  const { worker, release } = claim.call.want
  return [
    numbers(events.map((event) => births.get(event)?.endsAt ?? null)),
    numbers(events.map((event) => births.get(event)?.fence ?? null)),
    ...[id, worker, release, at],
    smalls(holdings.map(({ bucket }) => bucket)),
    numbers(holdings.map(({ epoch }) => epoch)),
  ]
}

const NOBODY = [null, null, null, null]

/** What another process dropped between our look and the write is made again. */
async function insert({ sql, partitions }: Deps, values: readonly unknown[]): Promise<Placed[]> {
  try {
    return await sql.again<Placed>(ADMIT, values)
  } catch (error) {
    // 23514: no partition of the table takes the row.
    if (!hasCode(error, 'store_failed') || codeOf(error) !== '23514') throw error
    partitions.forget()
    throw error
  }
}

interface Placed {
  readonly ord: number
  readonly bucket: number
  readonly n: number
  readonly lane: string
  readonly first: boolean
  /** It waits for somebody's word, whatever it came as. */
  readonly held: boolean
  readonly leased: boolean
  readonly tx: string
}

/** The same id twice in one batch is a repeat the second time; ids go in sorted, or two batches could wait for one another. */
class Batch {
  readonly answers: Admitted[]
  readonly newcomers: Newcomer[] = []
  readonly fresh: readonly Envelope[]
  readonly #at: number[] = []
  readonly #arrived: number[] = []

  constructor(events: readonly Envelope[], now: number, arrival: Arrival) {
    const known = new Set<string>()
    this.answers = events.map((event, i) => {
      if (tooFarAway(event, now)) return 'refused'
      const key = `${event.id} ${tenantText(event.tenant)}`
      if (!known.has(key)) this.#at.push(i)
      known.add(key)
      return 'repeat'
    })
    this.#arrived = this.#at.map(() => arrival.next(now))
    this.fresh = this.#at.map((i) => events[i]!)
  }

  values(now: number): unknown[] {
    const of = this.fresh
    return [
      smalls(of.map(({ createdAt }) => dayOf(createdAt))),
      texts(of.map(({ id }) => id)),
      texts(of.map(({ tenant }) => tenantText(tenant))),
      texts(of.map(({ type }) => type)),
      texts(of.map(({ apiVersion }) => apiVersion)),
      texts(of.map(({ endpoint }) => endpoint)),
      smalls(of.map(({ via }) => viaCode(via))),
      numbers(of.map(({ createdAt }) => createdAt)),
      texts(of.map(({ lane }) => lane)),
      texts(of.map(({ object }) => object)),
      texts(of.map(({ customer }) => customer)),
      smalls(of.map(({ rank }) => rank)),
      smalls(of.map(({ urgency }) => urgencyCode(urgency))),
      texts(of.map(({ as }) => as)),
      numbers(this.#arrived),
      smalls(of.map(({ lane }) => bucketOf(lane))),
      numbers(of.map(({ lane }) => hash53(lane))),
      numbers(of.map(positionOf)),
      bytes(of.map(({ body }) => body)),
      now,
      flags(leading(of)),
    ]
  }

  place({ ord, bucket, n, lane, first, held, leased, tx }: Placed, expected: Expected | null): void {
    const came = this.fresh[ord - 1]!
    const event = held ? { ...came, as: 'hold' as const } : came
    this.answers[this.#at[ord - 1]!] = 'new'
    if (event.as === 'record') return
    const ref = refOf({ day: dayOf(event.createdAt), bucket, n })
    const birth = (leased && expected?.births.get(came)) || null
    this.newcomers.push({ ref, event, lane, arrived: this.#arrived[ord - 1]!, first, tx, birth })
  }
}

/** Which of them are the first of their object. */
function leading(events: readonly Envelope[]): boolean[] {
  const known = new Set<string>()
  return events.map(({ object, tenant }) => {
    const key = `${object} ${tenantText(tenant)}`
    const first = object !== null && !known.has(key)
    known.add(key)
    return first
  })
}

/** Microseconds that rise within a process: the order of arrival, also within a millisecond. */
export class Arrival {
  #latest = 0

  next(now: number): number {
    this.#latest = Math.max(this.#latest + 1, now * 1000)
    return this.#latest
  }
}

/**
 * One statement. An object that is known keeps its lane, and with it the lane's bucket; the others are made known, sorted by
 * object and before all ids, which are sorted too: every admission takes its locks in one order. `offset 0` keeps the look-up of
 * a few objects from becoming a hash join over all there are. What was made before a restore may have been worked by the ledger that
 * was lost, so it is held, whichever process heard of the restore. A lease comes with those that are the first of their object, under
 * the same lock on the bucket as any other.
 */
const ADMIT = prepared(
  'admit',
  `
with i as materialized (
  select t.*, case when t.mode = 'work' and t.created <= restored.at then 'hold' else t.mode end as dealt from unnest($1::int4[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int4[], $8::int8[], $9::text[],
    $10::text[], $11::text[], $12::int4[], $13::int4[], $14::text[], $15::int8[], $16::int4[], $17::int8[], $18::int8[], $19::bytea[],
    $21::bool[], $22::int8[], $23::int8[])
  with ordinality t(day, id, tenant, type, api_version, endpoint, via, created, lane, object, customer, rank, urgency, mode, arrived,
    bucket, lane_hash, place, body, leads, ends, fence, ord), (select coalesce(max(at), 0) as at from hookkeeper_restores) restored
), own as materialized (
  select b.bucket from hookkeeper_buckets b join unnest($28::int4[], $29::int8[]) e(bucket, epoch)
    on b.bucket = e.bucket and b.epoch = e.epoch for share of b
), known as materialized (
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
  select p.*, i.dealt, i.ends is not null and p.first and i.dealt = 'work' and p.at_bucket in (select bucket from own) as leased
  from placed p join seen s on s.bucket = p.at_bucket and s.n = p.n join i using (ord)
), bodies as (
  insert into hookkeeper_bodies (day, bucket, n, body)
  select new.day, new.at_bucket, new.n, i.body from new join i using (ord)
), queue as (
  insert into hookkeeper_queue (bucket, n, day, arrived, held, due, place, lane, tenant, type, urgency,
    rev, state, attempts, ends, fence, holder, worker, release, leased)
  select new.at_bucket, new.n, new.day, i.arrived, new.dealt = 'hold', $20::int8, i.place, new.at_hash, i.tenant, i.type, i.urgency,
    new.leased::int4, new.leased::int4, new.leased::int4, case when new.leased then i.ends else 0 end,
    case when new.leased then i.fence else 0 end, case when new.leased then $24::text end, case when new.leased then $25::text end,
    case when new.leased then $26::text end, case when new.leased then $27::int8 end
  from new join i using (ord) where i.mode <> 'record'
), history as (
  insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, due, worker, release)
  select new.day, new.at_bucket, new.n, ord, ${KIND.lease}, $27::int8, i.fence, 1, i.ends, $25::text, $26::text
  from new join i using (ord) where new.leased
)
select ord::int4, new.at_bucket as bucket, new.n::float8, new.at_lane as lane, new.first, new.dealt = 'hold' as held, new.leased,
  pg_current_xact_id()::text as tx
from new`,
)
