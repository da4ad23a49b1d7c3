import type { Json, Outcome } from '../../core/outcome.ts'
import { KIND, kindOf } from '../codes.ts'
import type { Leased, Ref, Settled, Settlement } from '../store.ts'
import * as transitions from '../transitions.ts'
import type { Book, Running, Touched } from './book.ts'
import { stop } from './lease.ts'
import { log } from './log.ts'
import { latest } from './rows.ts'

/** Ends attempts. What the fence refuses changes nothing. */
export const settle = (book: Book, results: readonly Settlement[]): Settled[] =>
  results.map((result) => settleOne(book, result))

function settleOne(book: Book, { work, outcome, returned }: Settlement): Settled {
  const touched = latest(book, work.ref)
  if (!touched) return 'stale'
  const now = book.now()
  const { row, settled } = transitions.settle(touched.row, { fence: work.fence, now, outcome })
  if (settled !== 'settled') return settled
  const running = book.running.get(work.ref)!
  const twin = outcome.kind === 'done' && outcome.reason === 'twin' ? touched.twin : null
  const reason = book.names.id(outcome.reason)
  log(book, { ref: work.ref, touched }, kindOf(outcome), {
    at: now,
    fence: work.fence,
    attempt: row.attempts,
    due: row.state === 'waiting' ? row.dueAt : undefined,
    later: row.laterAt || undefined,
    reason,
    data: dataOf(outcome, returned, twin, running.strict && row.state !== 'done'),
  })
  if (outcome.kind !== 'done') for (const name of returned) touched.memory[`handler:${name}`] = true
  applyEnd(book, work.ref, { touched, row, reason, now })
  return 'settled'
}

/** What memory makes of an attempt that ended; the log line is already written. */
export function applyEnd(
  book: Book,
  ref: Ref,
  end: { touched: Touched; row: transitions.Row; reason: number; now: number },
): void {
  const { touched, row, now } = end
  const running = book.running.get(ref)!
  touched.row = row
  const closed = row.state === 'done' || row.state === 'dead'
  touched.reasonId = closed ? end.reason : null
  touched.endedAt = closed ? now : null
  touched.strict = running.strict && row.state !== 'done'
  if (row.reason !== 'twin') touched.twin = null
  stop(book, ref)
  if (row.state === 'waiting') {
    book.lanes.again(running.slot, { dueAt: row.dueAt, alone: false, blocks: running.strict }, now)
    return
  }
  book.lanes.drop(running.slot, touched.strict)
  if (row.state === 'dead') book.dead++
  else if (row.reason === 'worked') noteDone(book, running)
}

function noteDone(book: Book, running: Running): void {
  if (running.object) book.objects.done(running.object, running.tenant, running.position)
}

// The commonest line by far, done by the only handler, carries nothing.
function dataOf(outcome: Outcome, returned: readonly string[], twin: string | null, strict: boolean): string | null {
  const error = 'error' in outcome ? outcome.error : null
  const names = outcome.kind === 'done' ? [] : returned
  if (!error && names.length === 0 && !twin && !strict) return null
  return JSON.stringify({
    ...(error && { error }),
    ...(names.length > 0 && { returned: names }),
    ...(twin && { twin }),
    ...(strict && { strict }),
  })
}

export function giveBack(book: Book, work: readonly Leased[], delayMs: number): void {
  for (const { ref, fence } of work) {
    const touched = latest(book, ref)
    const now = book.now()
    const row = touched && transitions.giveBack(touched.row, { fence, now, delayMs })
    if (!row) continue
    const running = book.running.get(ref)!
    const blocks = delayMs > 0
    touched.row = row
    touched.strict = blocks
    log(book, { ref, touched }, KIND.back, {
      at: now,
      fence,
      attempt: row.attempts,
      due: row.dueAt,
      later: row.laterAt || undefined,
      data: blocks ? JSON.stringify({ strict: true }) : undefined,
    })
    stop(book, ref)
    book.lanes.again(running.slot, { dueAt: row.dueAt, alone: row.lost > 0, blocks }, now)
  }
}

/** Not logged: a boot ends every lease, and until then memory knows. */
export function renew(book: Book, work: readonly Leased[], leaseMs: number): boolean[] {
  return work.map(({ ref, fence }) => {
    const touched = latest(book, ref)
    const row = touched && transitions.renew(touched.row, { fence, now: book.now(), leaseMs })
    if (!row) return false
    touched.row = row
    book.touched.set(ref, touched)
    return true
  })
}

export function remember(book: Book, work: Leased, key: string, value: Json): boolean {
  const touched = latest(book, work.ref)
  const now = book.now()
  if (!touched || !transitions.owns(touched.row, work.fence, now)) return false
  touched.memory[key] = value
  log(book, { ref: work.ref, touched }, KIND.memory, {
    at: now,
    fence: work.fence,
    data: JSON.stringify({ key, value }),
  })
  return true
}
