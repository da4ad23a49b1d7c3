import type { Envelope } from '../../core/event.ts'
import { hash53 } from '../hash.ts'
import { subjectOf } from '../subject.ts'
import { FIRST_MAX } from './pairs.ts'

/**
 * Under what an event is filed: its type, and whom it is about. A lane's subject is nearly always the customer itself, so most
 * events are filed twice. (An object's events are found along its chain.)
 */
export function keysOf({ type, customer }: Pick<Envelope, 'type' | 'customer'>, lane: string): number[] {
  const subject = subjectOf(lane)
  const keys = [typeKey(type), subjectKey(subject)]
  if (customer !== null && customer !== subject) keys.push(subjectKey(customer))
  return keys
}

export const typeKey = (type: string): number => keyOf(`type:${type}`)
export const subjectKey = (subject: string): number => keyOf(subject)

// Two values may share a key, and lanes of two tenants do: whoever finds compares the value itself.
const keyOf = (value: string): number => hash53(value) % FIRST_MAX
