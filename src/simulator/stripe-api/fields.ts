import type { Json } from '../../core/outcome.ts'

/** An object of Stripe's as plain JSON. */
export type Fields = { readonly [key: string]: Json }

export const fieldsOf = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is at a path such as `parent.subscription_details.subscription`; undefined where the way ends before. */
export function at(path: string, object: Fields): Json | undefined {
  let value: Json | undefined = object
  for (const key of path.split('.')) value = fieldsOf(value) ? value[key] : undefined
  return value
}
