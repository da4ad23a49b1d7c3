import { KIND } from '../codes.ts'
import { numbers, smalls, texts } from './arrays.ts'
import type { Write } from './draft.ts'
import { prepared } from './prepared.ts'
import { placed } from './refs.ts'

/** Leases of events whose buckets are ours; what a lease does not change is left alone. */
export const writeLeases: Write = async (rows, of, holdings) => {
  const refs = of.map(({ change }) => change.ref)
  const lives = of.map(({ change }) => change.live!)
  const written = await rows<{ i: number }>(LEASE, [
    smalls(holdings.map(({ bucket }) => bucket)),
    numbers(holdings.map(({ epoch }) => epoch)),
    ...placed(refs),
    smalls(of.map(({ change }) => change.rev)),
    smalls(lives.map(({ row }) => row.attempts)),
    numbers(lives.map(({ row }) => row.leaseEndsAt)),
    numbers(lives.map(({ row }) => row.fence)),
    texts(lives.map(({ holder }) => holder)),
    texts(lives.map(({ worker }) => worker)),
    texts(lives.map(({ release }) => release)),
    numbers(lives.map(({ leasedAt }) => leasedAt)),
    texts(lives.map(({ twin }) => twin)),
  ])
  return written.map(({ i }) => refs[i - 1]!)
}

/**
 * The share lock on a bucket's row makes a lease and a change of hands wait for one another: whoever comes second sees what the first
 * has done.
 */
const LEASE = prepared(
  'lease',
  `
with own as materialized (
  select b.bucket from hookkeeper_buckets b join unnest($1::int4[], $2::int8[]) e(bucket, epoch)
    on b.bucket = e.bucket and b.epoch = e.epoch for share of b
), kept as (
  update hookkeeper_queue q set rev = q.rev + 1, state = 1, attempts = c.attempts, ends = c.ends, fence = c.fence,
    holder = c.holder, worker = c.worker, release = c.release, leased = c.leased, twin = c.twin
  from unnest($3::int4[], $4::int8[], $5::int4[], $6::int4[], $7::int8[], $8::int8[], $9::text[], $10::text[], $11::text[],
    $12::int8[], $13::text[])
  with ordinality c(bucket, n, rev, attempts, ends, fence, holder, worker, release, leased, twin, i)
  where q.bucket = c.bucket and q.n = c.n and q.rev = c.rev and c.bucket in (select bucket from own)
  returning q.day, c.*
)
insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, due, worker, release)
select day, bucket, n, i, ${KIND.lease}, leased, fence, attempts, ends, worker, release from kept
returning k::int4 as i`,
)
