import { failure, HookkeeperError } from '../../core/errors.ts'

/** What callers hear of a write that failed. */
export const storeFailed = (error: unknown): HookkeeperError =>
  failure('store_failed', { what: reasonOf(error) }, { cause: error })

// https://www.sqlite.org/rescode.html: busy, locked, no memory, read-only, I/O error, corrupt, full, cannot be opened, protocol, no database.
const DISK_CODES = new Set([5, 6, 7, 8, 10, 11, 13, 14, 15, 26])

/** It failed for what lies beneath, not for what was written. */
export function ofTheDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('syscall' in error) return true
  return 'errcode' in error && DISK_CODES.has(Number(error.errcode) & 0xff)
}

/** SQLite's word for the kind of error ("disk I/O error"), or the system's: a message may name what was written. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'errstr' in error) return String(error.errstr)
  if (error instanceof Error && 'syscall' in error && 'code' in error) return `${error.syscall} gave ${error.code}`
  return error instanceof HookkeeperError ? error.message : 'a broken invariant'
}
