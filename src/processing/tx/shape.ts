import { failure, type HookkeeperError } from '../../core/errors.ts'
import type { EffectsTx } from '../effects.ts'

/** A transaction as the ledger uses it, or null when this is none of that client's. `inner` recognises what a client holds. */
export type Recognise = (
  given: unknown,
  inner: (held: unknown) => Promise<EffectsTx>,
) => EffectsTx | null | Promise<EffectsTx | null>

/** Any method at all: what it takes and gives is the library's affair, and differs from version to version. */
export type Method = (...args: never[]) => unknown

/** Has it all of these methods? Clients are objects, and some are functions. */
export function has<const N extends string>(given: unknown, ...names: readonly N[]): given is Record<N, Method> {
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null) return false
  return names.every((name) => typeof (given as Record<N, unknown>)[name] === 'function')
}

/** `what` is a client that could have begun a transaction and has not. */
export const notBegun = (what: string, remedy: string): HookkeeperError => failure('tx_not_begun', { what, remedy })
