import { z } from 'zod'

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A length of time as people write it, in milliseconds: `90s`, `30m`, `2h`, `7d`, or a number of milliseconds; null where it is none. */
export function durationMs(value: string | number): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null
  const [, amount, unit = 'ms'] = /^(\d{1,15})(ms|s|m|h|d)?$/.exec(value) ?? []
  if (amount === undefined) return null
  const ms = Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]
  return Number.isSafeInteger(ms) ? ms : null
}

/** How long a wish may live. Each expires, so that what a person forgets does not last. */
export const ttl = z
  .union([z.string(), z.number()])
  .default('1h')
  .describe('How long, as 90s, 30m, 2h, 7d or milliseconds; at most 7d')
  .transform((value, context) => {
    const ms = durationMs(value)
    if (ms !== null && ms >= TTL_MIN_MS && ms <= TTL_MAX_MS) return ms
    context.addIssue({ code: 'custom', message: `${value} is no time between 1s and 7d; write 90s, 30m, 2h or 7d` })
    return z.NEVER
  })

const TTL_MIN_MS = 1000
const TTL_MAX_MS = 7 * UNIT_MS.d

/** An instant as people write it, in milliseconds since 1970: ISO 8601 with its zone, or the milliseconds; null where it is none. */
export function instantMs(value: string | number): number | null {
  if (typeof value === 'number' || /^\d+$/.test(value)) {
    const ms = Number(value)
    return Number.isSafeInteger(ms) && ms >= INSTANT_MIN_MS ? ms : null
  }
  // `Date.parse` reads nearly anything, and reads a time without a zone as local: two machines would differ.
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(value)) return null
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? null : ms
}

/** September 2001. A smaller number is a year, or Stripe's seconds, and would quietly mean 1970. */
const INSTANT_MIN_MS = 1e12

export const instant = z
  .union([z.string(), z.number()])
  .describe('An instant: 2026-01-31, 2026-01-31T09:30:00Z, or milliseconds since 1970')
  .transform((value, context) => {
    const ms = instantMs(value)
    if (ms !== null) return ms
    context.addIssue({ code: 'custom', message: `${value} is no instant; write 2026-01-31T09:30:00Z` })
    return z.NEVER
  })
