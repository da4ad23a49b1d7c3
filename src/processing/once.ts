import { failure } from '../core/errors.ts'
import type { Json } from '../core/outcome.ts'
import type { Ledger } from '../store/store.ts'
import type { HandlerContext } from './context.ts'
import { stableKey } from './key.ts'
import { assertOurs, type Seat } from './seat.ts'

/** The `once` of one handler in one attempt. */
export function onceFor(handler: string, seat: Seat, ledger: Ledger): HandlerContext['once'] {
  const { work } = seat.running
  const begun = new Map<string, Promise<unknown>>()

  const begin = async (name: string, effect: (key: string) => unknown) => {
    const memory = `once:${handler}/${name}`
    const kept = work.remembered[memory]
    if (kept !== undefined) return unwrapped(kept)
    assertOurs(seat)
    const value = wrapped(await effect(stableKey(work.event, handler, name)))
    if (!(await ledger.remember(work, memory, value))) throw failure('stale_lease', { fence: work.fence })
    return unwrapped(value)
  }

  return <V>(name: string, effect: (key: string) => Promise<V> | V): Promise<V> => {
    const first = begun.get(name)
    if (first) return first as Promise<V>
    const promise = begin(name, effect)
    begun.set(name, promise)
    // What failed is not remembered, so it may be tried again within the attempt.
    promise.catch(() => begun.delete(name))
    return promise as Promise<V>
  }
}

// JSON has no `undefined`, and an effect that gives nothing is remembered all the same: a list of one value or none.
const wrapped = (value: unknown): Json => (value === undefined ? [] : [JSON.parse(JSON.stringify(value) ?? 'null')])

const unwrapped = (kept: Json): unknown => (Array.isArray(kept) ? kept[0] : kept)
