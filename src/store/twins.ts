import { isDeepStrictEqual } from 'node:util'
import { positionOf } from './place.ts'

const CREATED_APART_MS = 2000

/** An event among those of its object. */
export interface Sibling {
  readonly id: string
  readonly type: string
  readonly createdAt: number
  readonly rank: number
  /** Only its order counts. */
  readonly arrival: number
  readonly state: string
  readonly reason: string | null
  readonly twin: string | null
}

/**
 * The earlier event for the same change, or null. Stripe sometimes makes two Event objects for one change; they agree in type,
 * object, data and request, lie within two seconds, and nothing else happened to the object between them.
 */
export function twinAmong<S extends Sibling>(self: S, others: readonly S[], bodyOf: (one: S) => Uint8Array | null) {
  const candidates = others.filter((other) => mayBeTwin(self, other))
  return (
    candidates.find((other) => nothingBetween(self, other, others) && sameChange(bodyOf(self), bodyOf(other))) ?? null
  )
}

// Only the later to arrive can be the twin, and only of one that was or will be worked: never both, never of a dead letter.
export function mayBeTwin(self: Sibling, other: Sibling): boolean {
  if (other.arrival > self.arrival || other.type !== self.type) return false
  if (Math.abs(other.createdAt - self.createdAt) > CREATED_APART_MS) return false
  return other.state !== 'dead' && other.reason !== 'twin' && other.reason !== 'discarded'
}

function nothingBetween(a: Sibling, b: Sibling, others: readonly Sibling[]): boolean {
  const [low, high] = [positionOf(a), positionOf(b)].sort((x, y) => x - y) as [number, number]
  return others.every(
    (other) => other === b || other.twin === b.id || positionOf(other) < low || positionOf(other) > high,
  )
}

function sameChange(a: Uint8Array | null, b: Uint8Array | null): boolean {
  const one = parsed(a)
  const other = parsed(b)
  if (!one || !other) return false
  return isDeepStrictEqual(one.data, other.data) && isDeepStrictEqual(one.request ?? null, other.request ?? null)
}

function parsed(body: Uint8Array | null): { data?: unknown; request?: unknown } | null {
  try {
    return body ? JSON.parse(Buffer.from(body).toString('utf8')) : null
  } catch {
    return null // not JSON: nothing can be said of it, and nothing is claimed
  }
}
