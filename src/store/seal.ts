import { createHash } from 'node:crypto'
import type { JournalEntry } from './store.ts'

/** Each entry's seal covers the one before it: changing or removing any entry breaks every seal behind it. */
export function seal({ n, at, by, action, verdict, why, data }: Omit<JournalEntry, 'hash'>, before: string): string {
  return createHash('sha256')
    .update(JSON.stringify([before, n, at, by, action, verdict, why, data]))
    .digest('hex')
}
