import { stateCode } from '../codes.ts'
import { flags, numbers, smalls, texts } from './arrays.ts'
import type { Change, Line, Write } from './draft.ts'
import { prepared } from './prepared.ts'
import { placed, placeOf } from './refs.ts'
import type { Live } from './rows.ts'

/** Whatever else happens to events that are in the queue: renewed, put off, dead, given back, lost, moved. */
export const rewrite: Write = async (rows, of, holdings) => {
  const changes = of.map(({ change }) => change)
  const written = await rows<{ i: number }>(REWRITE, [
    ...changesOf(changes),
    ...linesOf(of.flatMap(({ lines }) => lines)),
    smalls(holdings.map(({ bucket }) => bucket)),
    numbers(holdings.map(({ epoch }) => epoch)),
  ])
  return written.map(({ i }) => changes[i - 1]!.ref)
}

function changesOf(changes: readonly Change[]): Buffer[] {
  const lives = changes.map(({ live }) => live)
  const number = (get: (live: Live) => number | null) => numbers(lives.map((live) => (live ? get(live) : null)))
  const text = (get: (live: Live) => string | null) => texts(lives.map((live) => (live ? get(live) : null)))
  return [
    ...placed(changes.map(({ ref }) => ref)),
    smalls(changes.map(({ rev }) => rev)),
    flags(lives.map((live) => live === null)),
    flags(changes.map(({ announce }) => announce)),
    flags(changes.map(({ lease }) => lease)),
    smalls(lives.map((live) => (live ? stateCode(live.row.state) : null))),
    flags(lives.map((live) => live?.held ?? null)),
    flags(lives.map((live) => live?.strict ?? null)),
    smalls(lives.map((live) => live?.row.attempts ?? null)),
    smalls(lives.map((live) => live?.row.lost ?? null)),
    number(({ row }) => row.dueAt),
    number(({ row }) => row.leaseEndsAt),
    number(({ row }) => row.laterAt),
    number(({ row }) => row.fence),
    text(({ holder }) => holder),
    text(({ worker }) => worker),
    text(({ release }) => release),
    number(({ leasedAt }) => leasedAt),
    number(({ endedAt }) => endedAt),
    text(({ row }) => row.reason),
    text(({ twin }) => twin),
    text(({ memory }) => (Object.keys(memory).length === 0 ? null : JSON.stringify(memory))),
  ]
}

const linesOf = (lines: readonly Line[]): Buffer[] => [
  smalls(lines.map(({ ref }) => placeOf(ref).day)),
  ...placed(lines.map(({ ref }) => ref)),
  smalls(lines.map(({ kind }) => kind)),
  numbers(lines.map(({ at }) => at)),
  numbers(lines.map(({ fence }) => fence)),
  smalls(lines.map(({ attempt }) => attempt ?? null)),
  smalls(lines.map(({ lost }) => lost ?? null)),
  numbers(lines.map(({ due }) => due ?? null)),
  numbers(lines.map(({ later }) => later || null)),
  texts(lines.map(({ worker }) => worker ?? null)),
  texts(lines.map(({ release }) => release ?? null)),
  texts(lines.map(({ reason }) => reason ?? null)),
  texts(lines.map(({ data }) => (data === undefined ? null : JSON.stringify(data)))),
]

/**
 * What ends a lease that ran out needs its bucket to be ours, as a lease does: under the same share lock. It waits for nobody: a row
 * that a transaction of the user's has is left as it is.
 */
const REWRITE = prepared(
  'rewrite',
  `
with own as materialized (
  select b.bucket from hookkeeper_buckets b join unnest($38::int4[], $39::int8[]) e(bucket, epoch)
    on b.bucket = e.bucket and b.epoch = e.epoch for share of b
), c as materialized (
  select * from unnest($1::int4[], $2::int8[], $3::int4[], $4::bool[], $5::bool[], $6::bool[], $7::int4[], $8::bool[], $9::bool[],
    $10::int4[], $11::int4[], $12::int8[], $13::int8[], $14::int8[], $15::int8[], $16::text[], $17::text[], $18::text[], $19::int8[],
    $20::int8[], $21::text[], $22::text[], $23::text[])
  with ordinality t(bucket, n, rev, leaves, announce, lease, state, held, strict, attempts, lost, due, ends, later, fence, holder,
    worker, release, leased, ended, reason, twin, memory, i)
), free as materialized (
  select q.bucket, q.n from c join hookkeeper_queue q on q.bucket = c.bucket and q.n = c.n and q.rev = c.rev
  where c.lease and c.bucket in (select bucket from own) for update of q skip locked
), kept as (
  update hookkeeper_queue q set rev = q.rev + 1, state = c.state, held = c.held, strict = c.strict, attempts = c.attempts,
    lost = c.lost, due = c.due, ends = c.ends, later = c.later, fence = c.fence, holder = c.holder, worker = c.worker,
    release = c.release, leased = c.leased, ended = c.ended, reason = c.reason, twin = c.twin, memory = c.memory, returned = '{}',
    tx = case when c.announce then pg_current_xact_id() else q.tx end
  from c where q.bucket = c.bucket and q.n = c.n and q.rev = c.rev and not c.leaves
    and (not c.lease or (c.bucket, c.n) in (select bucket, n from free))
  returning c.bucket, c.n, c.i
), gone as (
  delete from hookkeeper_queue q using c where q.bucket = c.bucket and q.n = c.n and q.rev = c.rev and c.leaves
    and (not c.lease or (c.bucket, c.n) in (select bucket, n from free))
  returning q.bucket, q.n, q.day, c.i, c.announce
), written as (
  select bucket, n, i from kept union all select bucket, n, i from gone
), history as (
  insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, lost, due, later, worker, release, reason, data)
  select l.day, l.bucket, l.n, l.k, l.kind, l.at, l.fence, l.attempt, l.lost, l.due, l.later, l.worker, l.release, l.reason, l.data
  from unnest($24::int4[], $25::int4[], $26::int8[], $27::int4[], $28::int8[], $29::int8[], $30::int4[], $31::int4[], $32::int8[],
    $33::int8[], $34::text[], $35::text[], $36::text[], $37::text[])
  with ordinality l(day, bucket, n, kind, at, fence, attempt, lost, due, later, worker, release, reason, data, k)
  join written w on w.bucket = l.bucket and w.n = l.n
), news as (
  insert into hookkeeper_news (bucket, n, day) select bucket, n, day from gone where announce
)
select i::int4 from written`,
)
