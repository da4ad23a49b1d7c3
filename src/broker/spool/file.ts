import { chmodSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { failure } from '../../core/errors.ts'
import type { Message } from '../broker.ts'

/** A message in the file, and its place in the order. */
export interface Spooled extends Message {
  readonly place: number
}

/** One spool file, held by one process: the lock on it ends with the process, however that ends. */
export class SpoolFile {
  readonly path: string
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #remove: StatementSync
  readonly #behind: StatementSync
  readonly #after: StatementSync
  readonly #at: StatementSync
  readonly #oldest: StatementSync
  /** The last place that was given away: none is given twice, or a reader that is past it would miss a message. */
  #top: number

  private constructor(path: string, db: DatabaseSync) {
    this.path = path
    this.#db = db
    this.#insert = db.prepare(
      'insert into spool (place, id, key, attributes, body, added_at) values (?, ?, ?, ?, ?, ?)',
    )
    this.#remove = db.prepare('delete from spool where place = ?')
    this.#behind = db.prepare('update spool set place = ? where place = ?')
    this.#after = db.prepare('select * from spool where place > ? order by place')
    this.#at = db.prepare('select * from spool where place = ?')
    this.#oldest = db.prepare('select added_at from spool order by place limit 1')
    this.#top = Number(db.prepare('select max(place) as top from spool').get()?.['top'] ?? 0)
  }

  /** The file, whole and for this process alone; null when another process has it. */
  static claim(path: string): SpoolFile | null {
    const db = new DatabaseSync(path, { timeout: 0 })
    try {
      // Exclusive before the first access: the lock is taken once and kept, and no shared memory is needed.
      db.exec(`
        pragma locking_mode = exclusive;
        pragma page_size = 16384;
        pragma auto_vacuum = incremental;
        pragma journal_mode = wal;
        pragma synchronous = full;
        pragma journal_size_limit = 67108864;
        begin immediate;
        create table if not exists spool (
          place integer primary key, id text not null, key text not null, attributes text not null,
          body blob not null, added_at integer not null) strict;
        commit;`)
      requireVersion(db)
      chmodSync(path, 0o600)
      return new SpoolFile(path, db)
    } catch (error) {
      db.close()
      if (isBusy(error)) return null
      throw error
    }
  }

  /** All or nothing; on the disk when it returns. */
  commit(changes: () => void): void {
    this.#db.exec('begin immediate')
    try {
      changes()
      this.#db.exec('commit')
    } catch (error) {
      // A full disk rolls back by itself.
      if (this.#db.isTransaction) this.#db.exec('rollback')
      throw error
    }
  }

  add({ id, key, attributes, body }: Message, at: number): void {
    this.#insert.run(++this.#top, id, key, JSON.stringify(attributes), body, at)
  }

  /** How many that were: one, or none when it is gone already. */
  remove(place: number): number {
    return Number(this.#remove.run(place).changes)
  }

  /** Moves it behind all others, and says where that is. */
  putBehind(place: number): number {
    this.#behind.run(++this.#top, place)
    return this.#top
  }

  /** In order, from behind `place`. Read one at a time: take no more than is wanted. */
  *after(place: number): Generator<Spooled> {
    for (const row of this.#after.iterate(place)) yield spooled(row)
  }

  at(place: number): Spooled | null {
    const row = this.#at.get(place)
    return row ? spooled(row) : null
  }

  count(): number {
    return Number(this.#db.prepare('select count(*) as count from spool').get()?.['count'] ?? 0)
  }

  oldestAt(): number | null {
    const row = this.#oldest.get()
    return row ? Number(row['added_at']) : null
  }

  /** Gives a bounded number of free pages back to the disk: an outage's spool must not keep it full. */
  shrink(): void {
    this.#db.exec(`pragma incremental_vacuum(${SHRINK_PAGES})`)
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }
}

// 16 MB at a time: a few milliseconds.
const SHRINK_PAGES = 1_000

function spooled(row: Record<string, SQLOutputValue>): Spooled {
  return {
    place: Number(row['place']),
    id: String(row['id']),
    key: String(row['key']),
    attributes: JSON.parse(String(row['attributes'])),
    body: row['body'] as Uint8Array,
  }
}

/** Earlier versions can lose committed writes in WAL mode. */
const OLDEST = [3, 51, 3]

function requireVersion(db: DatabaseSync): void {
  const version = String(db.prepare('select sqlite_version() as version').get()?.['version'])
  const parts = version.split('.').map(Number)
  const first = OLDEST.findIndex((part, n) => part !== parts[n])
  if (first >= 0 && (parts[first] ?? 0) < (OLDEST[first] ?? 0)) throw failure('sqlite_too_old', { version })
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && [5, 6].includes(Number(error.errcode) & 0xff)
