import { failure, HookkeeperError } from '../../core/errors.ts'

/** What callers hear of a write that failed. */
export const storeFailed = (error: unknown): HookkeeperError =>
  failure('store_failed', { what: reasonOf(error) }, { cause: error })

/** SQLite's word for the kind of error ("disk I/O error"), or the system's: a message may name what was written. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'errstr' in error) return String(error.errstr)
  if (error instanceof Error && 'syscall' in error && 'code' in error) return `${error.syscall} gave ${error.code}`
  return error instanceof HookkeeperError ? error.message : 'a broken invariant'
}
