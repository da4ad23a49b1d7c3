import { durationMs } from '../config.ts'
import { failure } from '../core/errors.ts'

/** What flags say as text. Each throws a sentence where it cannot be read. */
export function positive(written: string): number {
  const value = Number(written)
  if (!(value > 0)) throw failure('flag_invalid', { what: `${written} is no number above 0` })
  return value
}

export function natural(written: string): number {
  if (!/^\d{1,10}$/.test(written)) throw failure('flag_invalid', { what: `${written} is no whole number` })
  return Number(written)
}

export function port(written: string): number {
  const value = natural(written)
  if (value > 65_535) throw failure('flag_invalid', { what: `${written} is no port; they end at 65535` })
  return value
}

export function milliseconds(written: string): number {
  const ms = durationMs(written)
  if (ms === undefined) throw failure('flag_invalid', { what: `${written} is no duration; write 30s or 2m` })
  return ms
}
