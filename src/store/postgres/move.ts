import { KIND } from '../codes.ts'
import { hash53 } from '../hash.ts'
import { afterMove, forget } from '../moves.ts'
import { positionOf } from '../place.ts'
import type { Move, Note, Query, Ref, Selection } from '../store.ts'
import { numbers, smalls, texts } from './arrays.ts'
import { closingOf } from './attempts.ts'
import { Draft, type Line } from './draft.ts'
import type { Sql } from './driver.ts'
import { findKnown, type Looking, workableAgain } from './find.ts'
import { type Known, type Live, readKnown } from './rows.ts'

/** How many rows move in one transaction. */
const A_PORTION = 500
const MOVED_MAX = 100_000

/** What operators do; running rows are never touched. Whoever owns the rows hears of it. Resolves to how many moved. */
export async function move(looking: Looking, selection: Selection, to: Move, note: Note, now: () => number) {
  let moved = 0
  for await (const refs of portions(looking, selection))
    moved += await moveAll(looking.sql, refs, { to, note, now: now() })
  return moved
}

/** A query is walked from the newest on; what moves does not come again, since the cursor only goes down. */
async function* portions(looking: Looking, selection: Selection): AsyncGenerator<readonly Ref[]> {
  if ('refs' in selection) {
    for (let i = 0; i < selection.refs.length; i += A_PORTION) yield selection.refs.slice(i, i + A_PORTION)
    return
  }
  let left = Math.min(selection.limit, MOVED_MAX)
  let cursor: string | null = null
  do {
    const query: Query = { ...selection.query, limit: Math.min(left, A_PORTION), cursor }
    const page: { data: readonly Known[]; next: string | null } = await findKnown(looking, query)
    const refs = await whole(looking, selection.query, page.data)
    cursor = page.next
    left -= refs.length
    yield refs
  } while (cursor !== null && left > 0)
}

/**
 * With each event that is not superseded all others of its object, in this very transaction. One that moved later would meet a
 * newer one that was worked meanwhile, and be superseded by what the same call has brought back.
 */
async function whole(looking: Looking, query: Omit<Query, 'limit' | 'cursor'>, page: readonly Known[]): Promise<Ref[]> {
  if (query.superseded !== false) return page.map(({ ref }) => ref)
  return [...(await workableAgain(looking, query, page))]
}

interface Wish {
  readonly to: Move
  readonly note: Note
  readonly now: number
}

async function moveAll(sql: Sql, refs: readonly Ref[], wish: Wish): Promise<number> {
  if (refs.length === 0) return 0
  const known = await readKnown(sql.again, refs, { bodies: wish.to.kind === 'reopen' })
  const live = new Draft()
  const reopened: { known: Known; live: Live; line: Line }[] = []
  for (const one of known) {
    const after = afterMove({ row: one.live.row, held: one.live.held }, wish.to, wish.now)
    // Past retention there is nothing to work.
    if (!after || (wish.to.kind === 'reopen' && !one.body)) continue
    const next = liveAfter(one.live, after, wish)
    const line = lineOf(one.ref, next, wish)
    const leaves = next.row.state === 'done'
    if (one.rev === null) reopened.push({ known: one, live: next, line })
    else live.put({ ref: one.ref, rev: one.rev, live: leaves ? null : next, announce: true, lease: false }, line)
  }
  return sql.together(async (rows) => (await live.write(rows, [])).size + (await reopen(rows, reopened)))
}

function liveAfter(before: Live, after: Pick<Live, 'row' | 'held'>, { to, now }: Wish): Live {
  const closed = after.row.state === 'done' || after.row.state === 'dead'
  // What is only held or released still has its lane wait for it.
  const strict = before.strict && (to.kind === 'hold' || to.kind === 'release')
  const memory = forget({ ...before.memory }, to.kind === 'reopen' ? to.forget : 'nothing')
  return { ...before, ...after, strict, memory, endedAt: closed ? now : null }
}

const lineOf = (ref: Ref, { row, release, ...live }: Live, { to, note, now }: Wish): Line => ({
  ...{ ref, kind: KIND.move, at: now, fence: row.fence, attempt: row.attempts, lost: row.lost },
  ...{ due: row.dueAt, later: row.laterAt, reason: row.reason, release },
  data: { to: to.kind, ...note, ...(row.state === 'done' && closingOf({ row, release, ...live })) },
})

/** What has left the queue comes back; somebody else may have been quicker, and then it is his. */
async function reopen(rows: Sql['rows'], moves: readonly { known: Known; live: Live; line: Line }[]): Promise<number> {
  if (moves.length === 0) return 0
  const known = moves.map((one) => one.known)
  const lives = moves.map((one) => one.live)
  const [result] = await rows<{ count: number }>(REOPEN, [
    smalls(known.map(({ place }) => place.bucket)),
    numbers(known.map(({ place }) => place.n)),
    smalls(known.map(({ place }) => place.day)),
    numbers(known.map(({ arrived }) => arrived)),
    numbers(lives.map(({ row }) => row.dueAt)),
    numbers(lives.map(({ row }) => row.fence)),
    numbers(known.map(positionOf)),
    numbers(known.map(({ lane }) => hash53(lane))),
    texts(known.map(({ tenant }) => tenant)),
    texts(known.map(({ type }) => type)),
    smalls(known.map(({ urgency }) => urgency)),
    texts(lives.map(({ release }) => release)),
    texts(lives.map(({ memory }) => (Object.keys(memory).length > 0 ? JSON.stringify(memory) : null))),
    texts(moves.map(({ line }) => JSON.stringify(line.data))),
    ...[moves[0]!.line.at, KIND.move],
  ])
  return result!.count
}

const REOPEN = `
with c as materialized (
  select * from unnest($1::int4[], $2::int8[], $3::int4[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::text[],
    $10::text[], $11::int4[], $12::text[], $13::text[], $14::text[])
  with ordinality t(bucket, n, day, arrived, due, fence, place, lane, tenant, type, urgency, release, memory, data, k)
), back as (
  insert into hookkeeper_queue (bucket, n, day, born, arrived, rev, held, due, fence, place, lane, tenant, type, urgency, release, memory)
  select c.bucket, c.n, c.day, s.tx, c.arrived, 1, false, c.due, c.fence, c.place, c.lane, c.tenant, c.type, c.urgency, c.release, c.memory
  from c cross join lateral (
    select tx from hookkeeper_seen s where s.day = c.day and s.bucket = c.bucket and s.n = c.n offset 0) s
  on conflict (bucket, n) do nothing returning bucket, n
), lines as (
  insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, lost, due, release, data)
  select c.day, c.bucket, c.n, 1000000 + c.k, $16::int4, $15::int8, c.fence, 0, 0, c.due, c.release, c.data
  from c join back using (bucket, n)
)
select count(*)::int4 as count from back`
