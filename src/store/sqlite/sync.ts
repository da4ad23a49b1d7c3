import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'

/** Makes what was committed survive a crash of the machine. A 200 is worth as much as this. */
export interface Sync {
  /** Calls back once all that was committed before this call is on the disk. */
  begin(done: (error: Error | null) => void): void
  /** The same, at once. */
  now(): void
  /** False where commits sync by themselves. */
  readonly apart: boolean
  close(): void
}

/** For connections whose commits sync by themselves. */
export const syncedByCommit: Sync = { apart: false, begin: (done) => done(null), now() {}, close() {} }

/** The same, and `failed` is told of each sync that fails, whoever it was for. */
export const watched = (sync: Sync, failed: () => void): Sync => ({
  apart: sync.apart,
  begin: (done) =>
    sync.begin((error) => {
      if (error) failed()
      done(error)
    }),
  now() {
    try {
      sync.now()
    } catch (error) {
      failed()
      throw error
    }
  },
  close: () => sync.close(),
})

/**
 * Syncs the write-ahead log beside the writer, which commits the next round meanwhile: SQLite's own sync would stop it for as
 * long as the disk takes. A checkpoint still syncs by itself, the log before the file and the file before the log is written anew.
 */
export function syncLog(path: string): Sync {
  // SQLite's locks are on the other files: closing this descriptor loses none of them.
  const fd = openSync(`${path}-wal`, 'r+')
  return {
    apart: true,
    begin: (done) => fdatasync(fd, done),
    now: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  }
}
