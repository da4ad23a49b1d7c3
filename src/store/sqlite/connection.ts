import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { failure } from '../../core/errors.ts'

/** Names the file as ours: "HKPR". */
export const APPLICATION_ID = 0x484b5052
const OLDEST_SQLITE = [3, 51, 3]

export interface ConnectionOptions {
  /** Whether its commits move the log's pages into the file once there are many: the writer does so before, between two rounds. */
  readonly checkpoints: boolean
  /** `commit`: each commit is on the disk when it returns. `apart`: whoever commits syncs the log before saying so (`sync.ts`). */
  readonly syncs: 'commit' | 'apart'
}

/**
 * A connection with the settings that durability and speed rest on. Bodies lie elsewhere and rows are small: the smaller a page,
 * the less a commit of few events writes.
 */
export function connect(path: string, { checkpoints, syncs }: ConnectionOptions): DatabaseSync {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: 5000 })
    db.exec(`
      pragma page_size = 4096;
      pragma journal_mode = wal;
      pragma synchronous = ${syncs === 'commit' ? 'full' : 'normal'};
      pragma wal_autocheckpoint = ${checkpoints ? 4000 : 0};
      pragma journal_size_limit = 67108864;
      pragma cache_size = -16384;
      pragma temp_store = memory;`)
    requireVersion(db)
    return db
  } catch (error) {
    db?.close()
    throw isNotDatabase(error)
      ? failure('ledger_foreign', { path, what: 'it is no SQLite file' }, { cause: error })
      : error
  }
}

/** Earlier versions have the WAL-reset race: two connections can lose committed writes. */
function requireVersion(db: DatabaseSync): void {
  const { version } = db.prepare('select sqlite_version() as version').get() as { version: string }
  const parts = version.split('.').map(Number)
  const first = OLDEST_SQLITE.findIndex((part, i) => part !== parts[i])
  if (first >= 0 && parts[first]! < OLDEST_SQLITE[first]!) throw failure('sqlite_too_old', { version })
}

const isNotDatabase = (error: unknown) => error instanceof Error && 'errcode' in error && error.errcode === 26

/**
 * Holds the ledger for one process: an exclusive lock on a file beside it, which the system takes back when the process dies,
 * however it dies. A pid file could be left behind; this cannot.
 */
export function own(path: string): { release(): void } {
  if (path === ':memory:') return { release() {} }
  mkdirSync(dirname(path), { recursive: true })
  const lock = new DatabaseSync(`${path}-owner`, { timeout: 0 })
  try {
    lock.exec('begin exclusive')
    return { release: () => lock.close() }
  } catch (error) {
    lock.close()
    const pid = ownerOf(path)
    if (pid === String(process.pid)) throw failure('ledger_twice', { path }, { cause: error })
    throw failure('ledger_in_use', { path, pid }, { cause: error })
  }
}

function ownerOf(path: string): string {
  try {
    const db = new DatabaseSync(path, { readOnly: true })
    try {
      const row = db.prepare(`select value from hookkeeper_marks where name = 'pid'`).get()
      return row ? String(row['value']) : 'unknown'
    } finally {
      db.close()
    }
  } catch {
    return 'unknown'
  }
}
