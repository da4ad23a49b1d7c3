import { failure } from '../../core/errors.ts'
import { seal } from '../seal.ts'
import type { Journal, JournalEntry, Locks } from '../store.ts'
import type { Sql } from './driver.ts'

/** Entries are written one after another: each one's seal is over the one before. */
const JOURNAL_LOCK = 4_851_776_003

export const journalOver = (sql: Sql, now: () => number): Journal => ({
  write: (entry) =>
    sql.together(async (rows) => {
      await rows('select pg_advisory_xact_lock($1)', [JOURNAL_LOCK])
      const [last] = await rows<JournalEntry>(`${ENTRIES} order by n desc limit 1`)
      const unsealed = { ...entry, n: (last?.n ?? 0) + 1, at: now() }
      const hash = seal(unsealed, last?.hash ?? '')
      const { n, at, by, action, verdict, why, data } = unsealed
      await rows(
        'insert into hookkeeper_journal (n, at, by, action, verdict, why, data, hash) values ($1, $2, $3, $4, $5, $6, $7, $8)',
        [n, at, by, action, verdict, why, JSON.stringify(data), hash],
      )
      return { ...unsealed, hash }
    }),
  async page(cursor, limit) {
    const before = cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor)
    if (!Number.isSafeInteger(before))
      throw failure('query_invalid', { what: 'The cursor is not one that this API gave' })
    const rows = await sql.again<JournalEntry>(`${ENTRIES} where n < $1 order by n desc limit $2`, [before, limit])
    const data = rows.map(entryOf)
    return { data, next: data.length === limit && data.at(-1)!.n > 1 ? String(data.at(-1)!.n) : null }
  },
  async verify() {
    let hash = ''
    for (let n = 0; ; ) {
      const entries = await sql.again<JournalEntry>(`${ENTRIES} where n > $1 order by n limit ${VERIFIED_AT_ONCE}`, [n])
      for (const entry of entries.map(entryOf)) {
        if (entry.n !== ++n || seal(entry, hash) !== entry.hash) return entry.n
        hash = entry.hash
      }
      if (entries.length < VERIFIED_AT_ONCE) return null
    }
  },
})

const VERIFIED_AT_ONCE = 1000
const ENTRIES = 'select n::float8, at::float8, by, action, verdict, why, data, hash from hookkeeper_journal'

const entryOf = (row: JournalEntry): JournalEntry => ({ ...row, data: JSON.parse(String(row.data)) })

export const locksOver = (sql: Sql, now: () => number): Locks => ({
  async take(name, holder, ttlMs) {
    const at = now()
    const taken = await sql.rows<{ fence: number }>(
      `insert into hookkeeper_locks as l (name, holder, fence, expires) values ($1, $2, 1, $4)
       on conflict (name) do update set holder = excluded.holder, expires = excluded.expires,
         fence = l.fence + case when l.holder = excluded.holder and l.expires > $3 then 0 else 1 end
       where l.expires <= $3 or l.holder = excluded.holder
       returning fence::float8`,
      [name, holder, at, at + ttlMs],
    )
    return taken[0]?.fence ?? null
  },
  // The row stays, so that the next holder's fence is higher.
  async release(name, holder) {
    await sql.rows('update hookkeeper_locks set expires = 0 where name = $1 and holder = $2', [name, holder])
  },
})
