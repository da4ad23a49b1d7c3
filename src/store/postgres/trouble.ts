import { failure } from '../../core/errors.ts'
import type { Logger } from '../../core/service.ts'

/** Says in the log what went wrong, and gives it as an error. */
export function troubled(log: Logger, error: unknown): Error {
  const failed = error instanceof Error ? error : failure('store_failed', { what: 'a broken invariant' })
  log.warn({ code: 'code' in failed ? failed.code : 'unexpected' }, failed.message)
  return failed
}
