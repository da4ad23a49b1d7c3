/** What a state is compared as: maps and sets have become objects and lists, and lists have an order of their own. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain }

/**
 * A copy that can be compared. The order of lists is taken away: rows come in the order in which they were written, and that is
 * nothing that a storm may not change.
 */
export function plain(value: unknown): Plain {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map) return fields([...value].map(([key, one]) => [String(key), one]))
  if (value instanceof Set || Array.isArray(value)) return sorted([...value].map(plain))
  if (typeof value === 'object') return fields(Object.entries(value))
  throw new Error(`state() gave a ${typeof value}, which cannot be compared. Give plain values.`)
}

export const same = (one: Plain, other: Plain): boolean => JSON.stringify(one) === JSON.stringify(other)

/** One place where two states differ. */
export interface Difference {
  readonly path: string
  readonly text: string
  /** Is there more than there should be, or less, or something else? */
  readonly kind: 'more' | 'less' | 'other'
}

export function differences(clean: Plain | undefined, storm: Plain | undefined, path = 'state'): Difference[] {
  if (clean !== undefined && storm !== undefined && same(clean, storm)) return []
  if (isFields(clean) && isFields(storm)) {
    const keys = [...new Set([...Object.keys(clean), ...Object.keys(storm)])]
    return keys.flatMap((key) => differences(clean[key], storm[key], path === 'state' ? key : `${path}.${key}`))
  }
  if (Array.isArray(clean) && Array.isArray(storm)) return listDifferences(clean, storm, path)
  return [{ path, kind: kindOf(clean, storm), text: `${shown(clean)} in a clean pass, ${shown(storm)} now` }]
}

function listDifferences(clean: readonly Plain[], storm: readonly Plain[], path: string): Difference[] {
  const texts = [...new Set([...clean, ...storm].map((one) => JSON.stringify(one)))]
  return texts.flatMap((text) => {
    const [before, after] = [countOf(clean, text), countOf(storm, text)]
    if (before === after) return []
    const kind = after > before ? 'more' : 'less'
    return [{ path, kind, text: `${cut(text)} ${times(before)} in a clean pass, ${times(after)} now` } as const]
  })
}

const countOf = (list: readonly Plain[], text: string): number =>
  list.filter((one) => JSON.stringify(one) === text).length

const times = (count: number): string => ['never', 'once', 'twice'][count] ?? `${count} times`

function kindOf(clean: Plain | undefined, storm: Plain | undefined): Difference['kind'] {
  if (clean === undefined) return 'more'
  if (storm === undefined) return 'less'
  if (typeof clean !== 'number' || typeof storm !== 'number') return 'other'
  return storm > clean ? 'more' : 'less'
}

const shown = (value: Plain | undefined): string => (value === undefined ? 'nothing' : cut(JSON.stringify(value)))

const TEXT_MAX = 120
const cut = (text: string): string => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text)

const isFields = (value: Plain | undefined): value is { readonly [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function fields(entries: readonly (readonly [string, unknown])[]): Plain {
  const known = entries.filter(([, value]) => value !== undefined)
  return Object.fromEntries(known.map(([key, value]) => [key, plain(value)] as const).sort(byKey))
}

const byKey = (one: readonly [string, Plain], other: readonly [string, Plain]) => (one[0] < other[0] ? -1 : 1)

const sorted = (list: readonly Plain[]): Plain =>
  list
    .map((one) => [JSON.stringify(one), one] as const)
    .sort(byKey)
    .map(([, one]) => one)
