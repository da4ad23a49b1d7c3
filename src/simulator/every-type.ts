import { seeded } from '../core/random.ts'
import { knownTypes } from '../stripe/catalog.ts'
import type { SimulatedEvent } from './event.ts'
import { createIds } from './ids.ts'
import { ACCOUNT, type Merchant, type MerchantOptions, shapeOf } from './merchant.ts'
import type { StripeObject } from './objects/wire.ts'
import { likeOf, sampled } from './sampled.ts'
import { busyMonths } from './trigger.ts'

/**
 * A merchant of whom one event of every type that the API version knows is told, all at once: out of two busy months up to `startAt` where the
 * merchant makes such a type, otherwise a sample. The earliest comes first.
 */
export function createEveryType({ seed, startAt, apiVersion, onChange, account = ACCOUNT }: MerchantOptions): Merchant {
  const lived = busyMonths(seed, startAt, apiVersion)
  const last = new Map(lived.map((event) => [event.type, event]))
  const shape = shapeOf(apiVersion)
  const ids = createIds(seeded(seed + 1), ACCOUNT)
  const customer = lived.findLast((event) => event.customer !== null)?.customer ?? null
  const sampling = { at: startAt, ids, customer, apiVersion: shape.apiVersion }
  let waiting = knownTypes()
    .filter(shape.knows)
    .map((type) => last.get(type) ?? likeOf(type, lived, ids) ?? sampled(type, sampling))
    .sort((one, other) => one.at - other.at)
  waiting.forEach((event, told) => {
    for (const [id, object] of kept(event))
      onChange?.({ account: event.account ?? account, at: event.at, told, id, object })
  })
  return {
    objects: new Map(waiting.flatMap(kept)),
    next: () => waiting[0]?.at ?? null,
    advance(toMs) {
      const happened = waiting.filter(({ at }) => at <= toMs)
      waiting = waiting.filter(({ at }) => at > toMs)
      return happened
    },
  }
}

function kept({ json, object }: SimulatedEvent): [string, StripeObject][] {
  if (object === null) return []
  return [[object, (json['data'] as unknown as { readonly object: StripeObject }).object]]
}
