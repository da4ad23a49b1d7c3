import { KIND } from '../codes.ts'
import { numbers, smalls, texts } from './arrays.ts'
import type { Write } from './draft.ts'
import { prepared } from './prepared.ts'
import { placed } from './refs.ts'

/** Attempts that ended well: their events leave the queue, each with one line. */
export const writeDone: Write = async (rows, of) => {
  const refs = of.map(({ change }) => change.ref)
  const lines = of.map(({ lines }) => lines[0]!)
  const written = await rows<{ i: number }>(DONE, [
    ...placed(refs),
    smalls(of.map(({ change }) => change.rev)),
    numbers(lines.map(({ at }) => at)),
    numbers(lines.map(({ fence }) => fence)),
    smalls(lines.map(({ attempt }) => attempt ?? null)),
    texts(lines.map(({ release }) => release ?? null)),
    texts(lines.map(({ reason }) => reason ?? null)),
    texts(lines.map(({ data }) => (data === undefined ? null : JSON.stringify(data)))),
  ])
  return written.map(({ i }) => refs[i - 1]!)
}

const DONE = prepared(
  'done',
  `
with gone as (
  delete from hookkeeper_queue q using unnest($1::int4[], $2::int8[], $3::int4[], $4::int8[], $5::int8[], $6::int4[], $7::text[],
    $8::text[], $9::text[])
  with ordinality c(bucket, n, rev, at, fence, attempt, release, reason, data, i)
  where q.bucket = c.bucket and q.n = c.n and q.rev = c.rev
  returning q.day, c.*
)
insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, release, reason, data)
select day, bucket, n, i, ${KIND.done}, at, fence, attempt, release, reason, data from gone
returning k::int4 as i`,
)
