import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { failure } from '../../core/errors.ts'
import type { Json } from '../../core/outcome.ts'
import { dayOf, type EdgeKey } from '../edge-keys.ts'
import { seal } from '../seal.ts'
import type { Control, JournalEntry, Page } from '../store.ts'

/** Controls, journal, locks and the vault's keys: few rows, plain statements. They run in the writer's transaction like everything else. */
export class Records {
  readonly #db: DatabaseSync
  readonly #now: () => number
  readonly #prepared = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, now: () => number) {
    this.#db = db
    this.#now = now
  }

  put({ ttlMs, ...wish }: Omit<Control, 'at' | 'expiresAt'> & { ttlMs: number }): Control {
    const at = this.#now()
    const control: Control = { ...wish, at, expiresAt: at + ttlMs }
    this.#run('delete from hookkeeper_controls where expires <= ?', at)
    this.#run(
      'insert or replace into hookkeeper_controls (id, kind, target, by, why, at, expires) values (?, ?, ?, ?, ?, ?, ?)',
      control.id,
      control.kind,
      JSON.stringify(control.target),
      control.by,
      control.why,
      at,
      control.expiresAt,
    )
    return control
  }

  live(): Control[] {
    const rows = this.#sql('select * from hookkeeper_controls where expires > ? order by at, id').all(this.#now())
    return rows.map((row) => ({
      id: String(row['id']),
      kind: row['kind'] as Control['kind'],
      target: JSON.parse(String(row['target'])),
      by: String(row['by']),
      why: String(row['why']),
      at: Number(row['at']),
      expiresAt: Number(row['expires']),
    }))
  }

  lift(id: string): boolean {
    return this.#run('delete from hookkeeper_controls where id = ? and expires > ?', id, this.#now()) > 0
  }

  write(entry: Omit<JournalEntry, 'n' | 'at' | 'hash'>): JournalEntry {
    const last = this.#sql('select n, hash from hookkeeper_journal order by n desc limit 1').get()
    const unsealed = { ...entry, n: Number(last?.['n'] ?? 0) + 1, at: this.#now() }
    const hash = seal(unsealed, String(last?.['hash'] ?? ''))
    this.#run(
      'insert into hookkeeper_journal (n, at, by, action, verdict, why, data, hash) values (?, ?, ?, ?, ?, ?, ?, ?)',
      unsealed.n,
      unsealed.at,
      entry.by,
      entry.action,
      entry.verdict,
      entry.why,
      JSON.stringify(entry.data),
      hash,
    )
    return { ...unsealed, hash }
  }

  page(cursor: string | null, limit: number): Page<JournalEntry> {
    const before = cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor)
    if (!Number.isSafeInteger(before))
      throw failure('query_invalid', { what: 'The cursor is not one that this API gave' })
    const rows = this.#sql('select * from hookkeeper_journal where n < ? order by n desc limit ?').all(before, limit)
    const data = rows.map(journalEntry)
    return { data, next: data.length === limit && data.at(-1)!.n > 1 ? String(data.at(-1)!.n) : null }
  }

  verify(): number | null {
    let hash = ''
    let n = 0
    for (const row of this.#sql('select * from hookkeeper_journal order by n').iterate()) {
      const entry = journalEntry(row)
      if (entry.n !== ++n || seal(entry, hash) !== entry.hash) return entry.n
      hash = entry.hash
    }
    return null
  }

  take(name: string, holder: string, ttlMs: number): number | null {
    const now = this.#now()
    const held = this.#sql('select holder, fence, expires from hookkeeper_locks where name = ?').get(name)
    const mine = held?.['holder'] === holder && Number(held['expires']) > now
    if (held && !mine && Number(held['expires']) > now) return null
    const fence = Number(held?.['fence'] ?? 0) + (mine ? 0 : 1)
    this.#run(
      'insert or replace into hookkeeper_locks (name, holder, fence, expires) values (?, ?, ?, ?)',
      name,
      holder,
      fence,
      now + ttlMs,
    )
    return fence
  }

  /** The row stays, so that the next holder's fence is higher. */
  release(name: string, holder: string): void {
    this.#run('update hookkeeper_locks set expires = 0 where name = ? and holder = ?', name, holder)
  }

  offer({ day, id, wrapped }: Omit<EdgeKey, 'madeAt'>): EdgeKey {
    const text = 'insert or ignore into hookkeeper_edge_keys (day, id, wrapped, made) values (?, ?, ?, ?)'
    this.#run(text, day, id, wrapped, this.#now())
    return this.known().find((key) => key.day === day)!
  }

  known(): EdgeKey[] {
    const rows = this.#sql('select * from hookkeeper_edge_keys order by day').all()
    return rows.map((row) => ({
      day: Number(row['day']),
      id: String(row['id']),
      wrapped: String(row['wrapped']),
      madeAt: Number(row['made']),
    }))
  }

  destroy(days: number): number {
    // What is deleted otherwise stays readable in the file, until something else is written there.
    this.#db.exec('pragma secure_delete = on')
    try {
      return this.#run('delete from hookkeeper_edge_keys where day < ?', dayOf(this.#now()) - days)
    } finally {
      this.#db.exec('pragma secure_delete = off')
    }
  }

  #sql(text: string): StatementSync {
    const known = this.#prepared.get(text)
    if (known) return known
    const statement = this.#db.prepare(text)
    this.#prepared.set(text, statement)
    return statement
  }

  #run(text: string, ...values: (string | number)[]): number {
    return Number(this.#sql(text).run(...values).changes)
  }
}

function journalEntry(row: Record<string, unknown>): JournalEntry {
  return {
    n: Number(row['n']),
    at: Number(row['at']),
    by: String(row['by']),
    action: String(row['action']),
    verdict: String(row['verdict']),
    why: String(row['why']),
    data: JSON.parse(String(row['data'])) as Json,
    hash: String(row['hash']),
  }
}
