import { failure } from '../../core/errors.ts'
import type { Page, Stray } from '../store.ts'
import type { Book } from './book.ts'

/** What is no event is kept whole: somebody may need it, and throwing it away would hide that it came. */
export function keep(book: Book, strays: readonly { bytes: Uint8Array; source: string; why: string }[]): void {
  for (const { bytes, source, why } of strays) book.sql.stray.run(book.now(), source, why, bytes)
}

export function strays(book: Book, cursor: string | null, limit: number): Page<Stray> {
  const before = cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor)
  if (!Number.isSafeInteger(before))
    throw failure('query_invalid', { what: 'The cursor is not one that this API gave' })
  const rows = book.db
    .prepare('select * from hookkeeper_strays where id < ? order by id desc limit ?')
    .all(before, limit)
  const data = rows.map((row) => ({
    id: Number(row['id']),
    at: Number(row['at']),
    source: String(row['source']),
    why: String(row['why']),
    bytes: row['bytes'] as Uint8Array,
  }))
  return { data, next: data.length === limit ? String(data.at(-1)!.id) : null }
}
