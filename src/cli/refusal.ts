import type { ErrorCode } from '../core/errors.ts'
import { HookkeeperError } from '../core/errors.ts'
import type { ExitCode } from './context.ts'

/** What a person, or with `--json` a program, is told of an error. A stack only where the error is ours. */
export function explain(error: unknown, { json }: { json: boolean }): string {
  if (error instanceof HookkeeperError) {
    const { code, message, remedy } = error
    return json ? `${JSON.stringify({ error: { code, message, remedy } })}\n` : `hookkeeper: ${message} ${remedy}\n`
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return json
    ? `${JSON.stringify({ error: { code: 'unexpected', message: text, remedy: '' } })}\n`
    : `hookkeeper: ${text}\n`
}

export const exitCodeOf = (error: unknown): ExitCode =>
  error instanceof HookkeeperError && CONFIGURATION.has(error.code) ? 2 : 1

/** What a person has to mend before anything can start. */
const CONFIGURATION: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'config_unknown',
  'config_invalid',
  'config_unreadable',
  'flag_invalid',
  'database_unknown',
  'secret_missing',
  'secret_invalid',
  'private_unprotected',
  'port_taken',
  'node_too_old',
  'sqlite_too_old',
  'ledger_in_use',
  'ledger_twice',
  'ledger_foreign',
  'schema_newer',
  'disk_ephemeral',
  'redis_url',
  'lock_urls',
  'broker_unknown',
  'broker_unfit',
  'spool_ephemeral',
  'restore_future',
  'handler_twice',
  'handler_invalid',
  'peer_missing',
  'rehearsal_empty',
  'rehearsal_no_room',
  'rehearsal_broken',
])
