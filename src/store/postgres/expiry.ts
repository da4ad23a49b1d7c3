import type { Ref } from '../store.ts'
import { type After, givenBack, lost } from './attempts.ts'
import type { Book } from './book.ts'
import { Draft } from './draft.ts'
import type { Sql } from './driver.ts'
import type { Leasing } from './leasing.ts'
import type { Live } from './rows.ts'
import type { Seats } from './seats.ts'

interface Deps {
  readonly sql: Sql
  /** Ours, as a holder. */
  readonly id: string
  readonly seats: Seats
  readonly book: Book
  readonly leasing: Leasing
  now(): number
}

/**
 * Ends leases that ran out or lost their process. Written apart and before anything else of a turn: one that another process holds
 * may have been renewed or settled meanwhile, and then its lane is not free. Resolves to the events of which the rows knew better.
 */
export async function endLeases({ sql, id, seats, book, leasing, now }: Deps): Promise<Ref[]> {
  const at = now()
  const draft = new Draft()
  const ended = [...book.running].flatMap(([ref, { live, rev }]) => {
    const after = overOf(book.orphans.has(ref), { ref, live, id, at })
    if (!after) return []
    const next = draft.put({ ref, rev, live: after.live, announce: false, lease: true }, ...after.lines)
    return [{ ref, after: { ...after, rev: next } }]
  })
  const written = await draft.write(sql.rows, seats.holdings)
  for (const { ref, after } of ended) if (written.has(ref)) book.end(ref, after.live, after, at)
  leasing.forget(ended.map(({ ref }) => ref))
  return ended.flatMap(({ ref }) => (written.has(ref) ? [] : [ref]))
}

/** A lease whose answer never reached its worker was never begun; any other that ended with its process is an attempt lost. */
function overOf(
  orphan: boolean,
  { ref, live, id, at }: { ref: Ref; live: Live; id: string; at: number },
): After | null {
  const never = orphan && live.holder === id
  return (never ? givenBack(live, { ref, fence: live.row.fence }, 0, at) : null) ?? lost(live, ref, at, orphan)
}
