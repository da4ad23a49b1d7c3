import { parseArgs } from 'node:util'

export interface Arguments {
  /** Suites, folders or files; empty means all. */
  readonly only: readonly string[]
  /** Only tests whose name fits. */
  readonly name: string | null
  readonly seed: number
  /** Rounds begin, each with the next seed, until this much time has passed; 0 is one round. */
  readonly forMs: number
  /** What the test files read: see `size.ts` and `services/service.ts`. */
  readonly environment: Readonly<Record<string, string>>
}

export function readArguments(words: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      seed: { type: 'string', default: '1' },
      for: { type: 'string', default: '0s' },
      full: { type: 'boolean', default: false },
      'install-services': { type: 'boolean', default: false },
    },
  })
  return {
    only: positionals,
    name: values.name ?? null,
    seed: whole(values.seed),
    forMs: duration(values.for),
    environment: {
      TEST_SIZE: values.full ? 'full' : 'tenth',
      ...(values['install-services'] ? { TEST_INSTALL_SERVICES: '1' } : {}),
    },
  }
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--seed ${text} is no whole number of 0 or more.`)
  return value
}

/** `90s`, `30m` or `2h`, in milliseconds. */
function duration(text: string): number {
  const [, count, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? []
  if (count === undefined) throw new Error(`--for ${text} is no duration; write 90s, 30m or 2h.`)
  return Number(count) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h']
}
