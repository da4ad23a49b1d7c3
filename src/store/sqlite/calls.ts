import type { Backlog } from '../store.ts'
import { admit } from './admit.ts'
import type { Book } from './book.ts'
import { changes } from './changes.ts'
import { find } from './find.ts'
import { restore } from './restore.ts'
import { giveBack, remember, renew, settle } from './settle.ts'
import { open } from './story.ts'
import { keep, strays } from './strays.ts'
import { mayTransact } from './transacted.ts'

type Call = (book: Book, ...args: never[]) => unknown

/** Calls that change the ledger: they share a transaction. */
const writes: Readonly<Record<string, Call>> = {
  admit,
  keep,
  settle,
  giveBack,
  renew,
  remember,
  restore,
  pause: mayTransact,
}
/** Calls that only look: they run between two rounds. */
const reads: Readonly<Record<string, Call>> = { find, open, strays, changes, backlog }

export const isRead = (name: string): boolean => name in reads
export const isWrite = (name: string): boolean => name in writes

/**
 * Answered by the commit, as leases are, and before the disk has it: should a crash of the machine undo it, the event is leased
 * once more with a higher fence, as after a crash between its handler and its settle.
 */
export const isLeaseholders = (name: string): boolean => ['settle', 'giveBack', 'renew', 'pause'].includes(name)

/** What they ask about includes all that had arrived when they were made. */
export const looksBack = (name: string): boolean => isRead(name) || name === 'move' || name === 'restore'

export const run = (book: Book, name: string, args: readonly unknown[]): unknown =>
  (reads[name] ?? writes[name])!(book, ...(args as never[]))

function backlog(book: Book): Backlog {
  const now = book.now()
  return { ...book.lanes.counts, dead: book.dead, readyOldestMs: now - book.lanes.oldestReadyAt(now) }
}
