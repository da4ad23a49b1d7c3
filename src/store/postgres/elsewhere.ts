import type { Ref } from '../store.ts'
import type { Book } from './book.ts'
import type { Sql } from './driver.ts'
import type { Asked } from './flights.ts'
import { refsOf } from './hand.ts'
import { prepared } from './prepared.ts'
import { refOf } from './refs.ts'
import { type Known, named, readKnown } from './rows.ts'

interface Deps {
  readonly sql: Sql
  readonly book: Book
  /** Somebody may have written these in a transaction of his own; what is read is certain again. */
  readonly doubts: Set<Ref>
}

export interface Elsewhere {
  readonly known: Map<Ref, Known>
  /** A transaction of the user's has written them and is open: whoever writes them waits for it. */
  readonly open: ReadonlySet<Ref>
}

/** Rows of what our memory does not have running: other buckets, an end that came before, or a transaction of the user's. */
export async function elsewhere({ sql, book, doubts }: Deps, asked: readonly Asked[]): Promise<Elsewhere> {
  const refs = asked.flatMap(({ command }) => refsOf(command))
  const wanted = refs.filter((ref) => doubts.has(ref) || !book.running.has(ref))
  const known = await readKnown(sql.again, [...new Set(wanted)])
  const running = known.filter(({ ref, live, rev }) => rev !== null && live.row.state === 'running' && doubts.has(ref))
  const open = await openOf(
    sql,
    running.map(({ ref }) => ref),
  )
  for (const { ref, live, rev } of known) {
    if (!open.has(ref)) doubts.delete(ref)
    if (!book.running.has(ref)) continue
    if (rev === null) book.left(ref)
    else if (live.row.state === 'running') book.changed(ref, live, rev)
    else book.forget([ref])
  }
  return { known: new Map(known.map((one) => [one.ref, one])), open }
}

async function openOf(sql: Sql, refs: readonly Ref[]): Promise<ReadonlySet<Ref>> {
  if (refs.length === 0) return new Set()
  const [days, buckets, ns] = named(refs)
  const free = await sql.again<{ day: number; bucket: number; n: number }>(FREE, [days, buckets, ns])
  const open = new Set(refs)
  for (const row of free) open.delete(refOf(row))
  return open
}

const FREE = prepared(
  'free',
  `
select i.day, q.bucket, q.n::float8 from unnest($1::int4[], $2::int4[], $3::int8[]) i(day, bucket, n)
cross join lateral (
  select bucket, n from hookkeeper_queue q where q.bucket = i.bucket and q.n = i.n offset 0 for no key update skip locked) q`,
)
