import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { backup as copy, DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { failure } from '../../core/errors.ts'
import { fileOf, folderOf, segmentsIn } from './arrivals/place.ts'
import { SegmentReader } from './arrivals/reader.ts'
import { connect } from './connection.ts'

/** Pages a step: 3 MB, after which writers have their turn. */
const PAGES_A_STEP = 200
const ALL_PAGES = 2 ** 31 - 1
/** Times that a copy is begun before it is given up. */
const TRIES_MAX = 1_000
const SQLITE_OK = 0
/** Bodies a step, likewise. */
const BODIES_A_STEP = 200

/**
 * Copies the ledger while it is written, bodies included, into one file. SQLite's own back-up runs page by page on the writer's
 * connection, so it follows the writes and holds no snapshot open: the WAL stays as small as ever, however long the copy takes.
 */
export async function backup(
  db: DatabaseSync,
  from: string,
  to: string,
  progress: (share: number) => void,
): Promise<number> {
  if (existsSync(to)) throw failure('backup_exists', { path: to })
  // What is named as asked for is whole.
  const part = `${to}.part`
  rmSync(part, { force: true })
  await copyWhileWritten(db, part, progress)
  await bringBodies(part, from)
  renameSync(part, to)
  return statSync(to).size
}

/**
 * Where the writer is in the middle of a round when the first step comes, that step copies nothing, which Node takes for the end of
 * all: it fails with SQLite's code for success. It is begun anew then, and the next one most likely falls between two rounds.
 */
async function copyWhileWritten(db: DatabaseSync, part: string, progress: (share: number) => void): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await copy(db, part, {
        rate: PAGES_A_STEP,
        progress: ({ totalPages, remainingPages }) => progress(totalPages === 0 ? 1 : 1 - remainingPages / totalPages),
      })
      return
    } catch (error) {
      if (tries === TRIES_MAX || !notBegun(error)) throw error
    }
    rmSync(part, { force: true })
    await turn()
  }
}

const notBegun = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_OK

/** The same of a ledger that nobody keeps, in one piece. */
export async function copyAtRest(from: string, to: string): Promise<void> {
  // Without a log there is nothing to fold, and only a connection that may write takes its own files away again.
  const db = new DatabaseSync(from, { readOnly: existsSync(`${from}-wal`) })
  try {
    await copy(db, to, { rate: ALL_PAGES })
  } finally {
    db.close()
  }
  await bringBodies(to, from)
}

/** What a ledger takes on the disk, with all that belongs to it. */
export function bytesOf(ledger: string): number {
  const folder = folderOf(ledger)
  const files = [ledger, `${ledger}-wal`, ...segmentsIn(folder).map((segment) => fileOf(folder, segment))]
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** A copy has no segments: the bodies that lie in those of the ledger are written into it. */
async function bringBodies(path: string, ledger: string): Promise<void> {
  const db = connect(path, { checkpoints: true, syncs: 'commit' })
  const reader = new SegmentReader(folderOf(ledger))
  try {
    const segments = db.prepare('select number, first from hookkeeper_segments order by number').all()
    const first = Number(segments[0]?.['first'] ?? Number.MAX_SAFE_INTEGER)
    for (let after: number | null = first - 1; after !== null; after = someBodies(db, reader, after)) await turn()
    db.exec('delete from hookkeeper_segments')
  } finally {
    reader.close()
    db.close()
  }
}

function someBodies(db: DatabaseSync, reader: SegmentReader, after: number): number | null {
  const rows = db
    .prepare('select seq, place from hookkeeper_events where seq > ? and place is not null order by seq limit ?')
    .all(after, BODIES_A_STEP)
  const keep = db.prepare('insert or ignore into hookkeeper_bodies (seq, body) values (?, ?)')
  db.exec('begin')
  for (const row of rows) {
    // Retention may have been quicker.
    const frame = reader.frame(Number(row['place']))
    if (frame) keep.run(row['seq']!, frame.body)
  }
  db.exec('commit')
  return rows.length < BODIES_A_STEP ? null : Number(rows.at(-1)!['seq'])
}
