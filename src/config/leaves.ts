import { z } from 'zod'

/**
 * Kinds of settings. Each reads what a config file says (numbers, lists) and what the environment and flags can only say as text.
 * A value that cannot be read is answered with what would have been right, so that the refusal can say it.
 */
export const text = () => leaf<string, string>('a text that is not empty', (value) => filled(value))

export const url = () =>
  leaf<string, string>('an http:// or https:// address', (value) => {
    const written = filled(value)
    const parsed = written === undefined ? null : URL.parse(written)
    return parsed && /^https?:$/.test(parsed.protocol) ? written : undefined
  })

export const whole = (low: number, high: number) =>
  leaf<number | string, number>(`a whole number from ${low} to ${high}`, (value) => {
    const number = numeric(value)
    return number !== undefined && Number.isInteger(number) && number >= low && number <= high ? number : undefined
  })

export const positive = (low: number, high: number) =>
  leaf<number | string, number>(`a number from ${low} to ${high}`, (value) => {
    const number = numeric(value)
    return number !== undefined && number >= low && number <= high ? number : undefined
  })

export const yesNo = () =>
  leaf<boolean | 'true' | 'false', boolean>('true or false', (value) => {
    if (value === true || value === 'true' || value === '1') return true
    return value === false || value === 'false' || value === '0' ? false : undefined
  })

export const oneOf = <const V extends string>(values: readonly V[]) =>
  leaf<V, V>(`one of ${values.join(', ')}`, (value) => values.find((one) => one === value))

export const listOf = <const V extends string>(values: readonly V[]) =>
  leaf<V | readonly V[], readonly V[]>(`a list of ${values.join(', ')}`, (value) => {
    const given = listed(value)
    const known = values.filter((one) => given?.includes(one))
    return given && given.length > 0 && given.every((one) => (values as readonly string[]).includes(one))
      ? known
      : undefined
  })

export const texts = () => leaf<string | readonly string[], readonly string[]>('a list of texts', listed)

/** A number is in `unit`, the one that the setting's name ends in; a text may name its own: `90s`, `1m30s`, `2 h`. */
export const duration = (unit: keyof typeof UNITS_MS, low: number, high: number) =>
  leaf<number | string, number>(
    `a duration from ${low} to ${high} ${unit}, such as ${low} or '${low}${unit}'`,
    (value) => inRange(numeric(value) ?? scaled(value, durationMs, UNITS_MS[unit]), low, high),
  )

/** In milliseconds since 1970. */
export const instant = () =>
  leaf<string | Date, number>('an instant such as 2026-11-03T12:00:00Z', (value) => {
    const written = value instanceof Date ? value.toJSON() : filled(value)
    const zoned = written !== undefined && /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(written)
    const at = zoned ? Date.parse(written) : Number.NaN
    return Number.isFinite(at) ? at : undefined
  })

/** A number is in `unit`; a text may name its own: `512 MB`, `1GiB`. */
export const size = (unit: keyof typeof UNITS_BYTES, low: number, high: number) =>
  leaf<number | string, number>(`a size from ${low} to ${high} ${unit}, such as ${low} or '${low}${unit}'`, (value) =>
    inRange(numeric(value) ?? scaled(value, sizeBytes, UNITS_BYTES[unit]), low, high),
  )

export function leaf<In, Out>(expected: string, read: (value: unknown) => Out | undefined) {
  return z
    .custom<In>(() => true)
    .transform((value, context): Out => {
      const out = read(value)
      if (out !== undefined) return out
      context.addIssue({ code: 'custom', message: expected, input: value })
      return z.NEVER
    })
}

/** Comma-separated text or a list, without empty entries; undefined for anything else. */
export function listed(value: unknown): readonly string[] | undefined {
  const parts = typeof value === 'string' ? value.split(/[,\n]/) : value
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, days: 86_400_000 } as const
const UNITS_BYTES = {
  bytes: 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
} as const

/** `1m30s` in milliseconds; undefined when it is no duration. */
export function durationMs(written: string): number | undefined {
  const compact = written.replaceAll(' ', '')
  const parts = [...compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|days|d)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== compact) return undefined
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS], 0)
}

/** `512 MB` in bytes; undefined when it is no size. */
export function sizeBytes(written: string): number | undefined {
  const [, count, letters] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(written.trim()) ?? []
  const unit = Object.entries(UNITS_BYTES).find(([name]) => name.toLowerCase() === letters?.toLowerCase())
  return unit && Number(count) * unit[1]
}

const filled = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined)

function numeric(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined
}

function scaled(value: unknown, parse: (written: string) => number | undefined, by: number): number | undefined {
  const parsed = typeof value === 'string' ? parse(value) : undefined
  return parsed === undefined ? undefined : parsed / by
}

const inRange = (value: number | undefined, low: number, high: number) =>
  value !== undefined && value >= low && value <= high ? Math.round(value) : undefined
