import { existsSync, statSync } from 'node:fs'
import { backup as copy, type DatabaseSync } from 'node:sqlite'
import { failure } from '../../core/errors.ts'

/** Pages a step: 3 MB, after which writers have their turn. */
const PAGES_A_STEP = 200

/**
 * Copies the ledger while it is written. SQLite's own back-up runs page by page on the writer's connection, so it follows the
 * writes and holds no snapshot open: the WAL stays as small as ever, however long the copy takes.
 */
export async function backup(db: DatabaseSync, path: string, progress: (share: number) => void): Promise<number> {
  if (existsSync(path)) throw failure('backup_exists', { path })
  await copy(db, path, {
    rate: PAGES_A_STEP,
    progress: ({ totalPages, remainingPages }) => progress(totalPages === 0 ? 1 : 1 - remainingPages / totalPages),
  })
  return statSync(path).size
}
