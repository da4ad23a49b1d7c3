import type { Clock } from '../../core/clock.ts'
import { type Envelope, URGENCIES } from '../../core/event.ts'
import { Lanes } from '../lanes.ts'
import { migrateSqlite } from '../migrate.ts'
import type { Recorded, Recording } from '../recording.ts'
import type { Query, Ref } from '../store.ts'
import { type Book, createBook } from './book.ts'
import { load } from './boot.ts'
import { connect } from './connection.ts'
import { find } from './find.ts'
import { eventOf, latestOf, readRow } from './rows.ts'
import { Transactions } from './transactions.ts'

const PAGE = 1000

/** Opens a copy of a ledger. Its tables may be behind its log, so it is first brought up to date: never the ledger itself. */
export function openRecording(path: string, clock: Clock): Recording {
  const db = connect(path, { checkpoints: true, syncs: 'commit' })
  migrateSqlite(db, path)
  const book = createBook(db, clock, new Lanes())
  load(book, { endLeases: true })
  const transactions = inVain(path, clock)
  return {
    choose: (query, limit) => choose(book, query, limit),
    read: (ref) => read(book, ref),
    transact: (work, handler, write) => transactions.run(work, handler, write),
    close() {
      transactions.close()
      db.close()
    },
  }
}

function choose(book: Book, query: Omit<Query, 'limit' | 'cursor'>, limit: number) {
  const refs: Ref[] = []
  let gone = 0
  let cursor: string | null = null
  do {
    const page = find(book, { ...query, limit: PAGE, cursor })
    for (const { ref } of page.data) {
      if (refs.length === limit) return { refs: refs.reverse(), more: true, gone }
      if (book.bodies.has(ref)) refs.push(ref)
      else gone++
    }
    cursor = page.next
  } while (cursor !== null)
  return { refs: refs.reverse(), more: false, gone }
}

function read(book: Book, ref: Ref): Recorded | null {
  const row = readRow(book, ref)
  const body = row && book.bodies.read(ref, row.place)
  const touched = row && latestOf(book, row)
  if (!row || !touched?.row.reason || !body) return null
  const event: Envelope = {
    ...eventOf(book, row, body),
    ...{ lane: row.lane, rank: row.rank, urgency: URGENCIES[row.urgency] ?? 'soon', as: 'work' },
  }
  const once = Object.entries(touched.memory).filter(([key]) => key.startsWith('once:'))
  return { ref, event, reason: touched.row.reason, remembered: Object.fromEntries(once) }
}

/** Whoever asks may write, since nothing of it stays. */
function inVain(path: string, clock: Clock): Transactions {
  const gate = {
    pause: async (works: readonly unknown[]) =>
      works.map(() => ({ attempt: 1, now: clock.now(), reason: 0, last: null })),
    resume() {},
  }
  const place = { open: () => connect(path, { checkpoints: false, syncs: 'commit' }), own: true, keeps: false }
  return new Transactions(place, gate, () => performance.now())
}
