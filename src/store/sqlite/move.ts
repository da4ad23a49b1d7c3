import { KIND } from '../codes.ts'
import { fits } from '../fits.ts'
import { hash53 } from '../hash.ts'
import { type After, afterMove, forget } from '../moves.ts'
import { positionOf } from '../place.ts'
import type { Entry, Move, Note, Query, Ref, Selection } from '../store.ts'
import type { Book, Touched } from './book.ts'
import { find } from './find.ts'
import { log } from './log.ts'
import { latestOf, readRow } from './rows.ts'
import { donePosition, Tails } from './siblings.ts'
import type { EventRow } from './statements.ts'

/** How many rows move in one round of the writer: deliveries wait meanwhile. */
const A_ROUND = 200
const MOVED_MAX = 100_000

/** What operators do, a part of it each time it is asked to go on; running rows are never touched. Ends with how many moved. */
export function* move(book: Book, selection: Selection, to: Move, note: Note): Generator<void, number> {
  let moved = 0
  for (const refs of portions(book, selection)) {
    moved += moveAll(book, refs, to, note)
    yield
  }
  return moved
}

/** A query is walked from the newest on; what moves does not come again, since the cursor only goes down. */
function* portions(book: Book, selection: Selection): Generator<Ref[]> {
  if ('refs' in selection) {
    const refs = [...new Set(selection.refs)]
    for (let i = 0; i < refs.length; i += A_ROUND) yield refs.slice(i, i + A_ROUND)
    return
  }
  let left = Math.min(selection.limit, MOVED_MAX)
  let cursor: string | null = null
  do {
    const page = find(book, { ...selection.query, limit: Math.min(left, A_ROUND), cursor })
    const refs = whole(book, selection.query, page.data)
    cursor = page.next
    left -= refs.length
    yield refs
  } while (cursor !== null && left > 0)
}

/**
 * With each event that is not superseded all others of its object, in this very round. One that moved later would meet a newer
 * one that was worked meanwhile, and be superseded by what the same call has brought back.
 */
function whole(book: Book, query: Omit<Query, 'limit' | 'cursor'>, page: readonly Entry[]): Ref[] {
  if (query.superseded !== false) return page.map(({ ref }) => ref)
  const tails = new Tails(book, (entry) => fits(entry, query))
  return [...new Set(page.flatMap(({ ref }) => [...tails.of(readRow(book, ref)!)]))]
}

function moveAll(book: Book, refs: readonly Ref[], to: Move, note: Note): number {
  const moves = refs.flatMap((ref) => {
    const event = readRow(book, ref)
    const touched = event && latestOf(book, event)
    const after = touched && event && afterMove(touched, to, book.now())
    if (!after || (to.kind === 'reopen' && !book.bodies.has(ref, event.place))) return [] // past retention there is nothing to work
    book.recent.take(ref)
    return [{ ref, touched, event, after }]
  })
  const undone = moves.filter(({ touched: { row } }) => to.kind === 'reopen' && row.reason === 'worked')
  // Out of the scheduler in one pass, then back in as what they have become.
  book.lanes.remove(new Set(moves.filter(({ touched }) => touched.row.state === 'waiting').map(({ ref }) => ref)))
  for (const one of moves) applyMove(book, one, to, note)
  undo(
    book,
    undone.map(({ event }) => event),
  )
  return moves.length
}

/** Objects of events that were reopened are done only as far as what is still worked. */
export function undo(book: Book, events: readonly EventRow[]): void {
  const objects = new Map(events.map((event) => [`${event.tenant} ${event.object}`, event]))
  for (const { object, tenant } of objects.values())
    if (object !== null) book.objects.doneOnlyTo(object, tenant, donePosition(book, object, tenant))
}

function applyMove(
  book: Book,
  { ref, touched, event, after }: { ref: Ref; touched: Touched; event: EventRow; after: After },
  to: Move,
  note: Note,
): void {
  const now = book.now()
  const before = touched.row
  const blocked = touched.strict && before.state === 'dead'
  const forgets = to.kind === 'reopen' ? to.forget : 'nothing'
  touched.memory = forget(touched.memory, forgets)
  // What is only held or released still has its lane wait for it.
  const blocks = touched.strict && (to.kind === 'hold' || to.kind === 'release')
  touched.row = after.row
  touched.held = after.held
  touched.strict = blocks
  const closed = after.row.state === 'done' || after.row.state === 'dead'
  touched.endedAt = closed ? now : null
  touched.reasonId = after.row.reason === null ? null : book.names.id(after.row.reason)
  book.dead += Number(after.row.state === 'dead') - Number(before.state === 'dead')
  log(book, { ref, touched }, KIND.move, {
    at: now,
    fence: after.row.fence,
    attempt: after.row.attempts,
    lost: after.row.lost,
    due: after.row.dueAt,
    later: after.row.laterAt || undefined,
    reason: touched.reasonId ?? undefined,
    data: JSON.stringify({
      to: to.kind,
      ...note,
      forget: forgets,
      state: after.row.state,
      held: after.held,
      ...(blocks && { strict: true }),
    }),
  })
  if (blocked) book.lanes.unblock(hash53(event.lane))
  if (after.row.state === 'waiting') book.lanes.add({ ...waitingAgain(event, after), blocks }, now)
}

function waitingAgain(event: EventRow, { row, held }: After) {
  return {
    ref: event.seq,
    lane: hash53(event.lane),
    tenant: event.tenant,
    type: event.type,
    urgency: event.urgency,
    position: positionOf({ createdAt: event.created, rank: event.rank }),
    dueAt: row.dueAt,
    alone: row.lost > 0,
    held,
  }
}
