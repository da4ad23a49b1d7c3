/**
 * Imports go downhill only: a part may import parts of a lower level and itself. Two parts of one level are strangers.
 * A part is a folder in `src/`, or a file at its top.
 */
export const LEVELS: readonly (readonly string[])[] = [
  ['core'],
  ['config', 'stripe', 'privacy', 'models'],
  ['store'],
  ['broker', 'lock'],
  ['telemetry', 'scaling'],
  ['ingestion', 'processing', 'reconciliation', 'revenue'],
  ['actions', 'alerts', 'simulator', 'rehearsal'],
  ['oversight'],
  ['presets', 'console'],
  ['cluster'],
  ['testing', 'cli'],
]

/** Files at the top of `src/` that are no export of the package. */
export const INNER = ['config.ts', 'cluster.ts']

export const EXPORTED = LEVELS.length

/** An export (`index`, `testing`, ...) is above everything; `index` may not be imported from within. */
export function levelOf(path: string, part: string): number {
  if (/^src\/[\w-]+\.ts$/.test(path) && !INNER.includes(path.slice('src/'.length))) return EXPORTED
  return LEVELS.findIndex((parts) => parts.includes(part))
}

/** Who may name a driver: a file that is one way of doing what a contract asks. */
export const DRIVERS = /^src\/(store\/(sqlite|postgres)\b|broker\/(redis|kafka|sqs|pubsub)\b|lock\/(table|redlock)\b)/
export const MAY_NAME_DRIVERS =
  /^src\/(cluster\.ts|cluster\/|brokers\.ts|locks\.ts|presets\/|cli\/|testing\/|testing\.ts)/
