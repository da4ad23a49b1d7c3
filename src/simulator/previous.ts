import type { Json } from '../core/outcome.ts'

type Fields = { readonly [key: string]: Json | undefined }

/**
 * What Stripe puts into `previous_attributes` when an object goes from `before` to `after`, or null when nothing changed:
 * only changed keys, each with its old value; of a changed sub-object only the changed sub-keys; an array in which anything
 * changed whole; null for a key that was not there.
 */
export function previousAttributes(before: Fields, after: Fields): { [key: string]: Json } | null {
  const previous: { [key: string]: Json } = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = difference(before[key], after[key])
    if (old !== undefined) previous[key] = old
  }
  return Object.keys(previous).length === 0 ? null : previous
}

function difference(before: Json | undefined, after: Json | undefined): Json | undefined {
  if (before === after) return undefined
  if (fieldsOf(before) && fieldsOf(after)) return previousAttributes(before, after) ?? undefined
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : (before ?? null)
}

const fieldsOf = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
