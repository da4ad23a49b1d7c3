import type { Envelope } from '../../core/event.ts'
import { KIND } from '../codes.ts'
import { epochsSince, madeBefore, type Restored } from '../restore.ts'
import type { Note, Ref } from '../store.ts'
import { lose } from '../transitions.ts'
import type { Book } from './book.ts'
import { markOf } from './boot.ts'
import { find } from './find.ts'
import { stop } from './lease.ts'
import { log } from './log.ts'
import { move } from './move.ts'
import { latest } from './rows.ts'

const PAGE = 1_000

/** All in one transaction, however much is open: half of it held would be half of it worked twice. */
export function restore(book: Book, from: number, note: Note): Restored {
  const now = book.now()
  if (markOf(book, 'restored-from') === from)
    return { kind: 'already', at: book.restoredAt, held: markOf(book, 'restored-held') }

  for (const ref of [...book.running.keys()]) loseOne(book, ref, now)
  const held = holdAll(book, note)
  book.restoredAt = now
  book.epoch += epochsSince({ from, now })
  book.fences = 0
  const marks = { epoch: book.epoch, restored: now, 'restored-from': from, 'restored-held': held }
  for (const [name, value] of Object.entries(marks)) book.sql.mark.run(name, value)
  return { kind: 'restored', at: now, held }
}

/** What came after the restore but was made before it may have been worked by the ledger that was lost. */
export const heldBack = (book: Book, event: Envelope): Envelope =>
  event.as === 'work' && madeBefore(event.createdAt, book.restoredAt) ? { ...event, as: 'hold' } : event

function holdAll(book: Book, note: Note): number {
  const refs: Ref[] = []
  let cursor: string | null = null
  do {
    const page = find(book, { state: 'waiting', limit: PAGE, cursor })
    refs.push(...page.data.map(({ ref }) => ref))
    cursor = page.next
  } while (cursor !== null)
  const steps = move(book, { refs }, { kind: 'hold' }, note)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** A lease of the life before. */
function loseOne(book: Book, ref: Ref, now: number): void {
  const { slot } = book.running.get(ref)!
  const touched = latest(book, ref)!
  const row = lose(touched.row, now)!
  touched.row = row
  const later = row.laterAt || undefined
  const line = { at: now, fence: row.fence, attempt: row.attempts, lost: row.lost, due: now, later }
  log(book, { ref, touched }, KIND.lost, line)
  stop(book, ref)
  book.lanes.again(slot, { dueAt: now, alone: true, blocks: false }, now)
}
