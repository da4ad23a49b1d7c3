import { failure } from '../core/errors.ts'
import type { Keyring } from './keys.ts'
import { type Bound, FORM, keyIdOf, OVERHEAD_BYTES, openWith, sealWith } from './sealed-body.ts'

/** The form of what this release seals, and by how much it is longer than what was sealed. */
export const SEALED_BY = { form: String(FORM), overheadBytes: OVERHEAD_BYTES } as const

/** What became of a sealed body. */
export type Opened =
  | { readonly kind: 'opened'; readonly body: Uint8Array }
  /** Nothing will ever open it: `why` says so in half a sentence. */
  | { readonly kind: 'never'; readonly why: string }
  /** Its key cannot be had just now: the ledger or the master key could not be reached. */
  | { readonly kind: 'later'; readonly why: string }

/**
 * Seals the bodies that leave this process for a broker or a spool, and opens them again. A body is bound to its message: under
 * another id or lane it does not open.
 */
export class Vault {
  readonly #keys: Keyring

  constructor(keys: Keyring) {
    this.#keys = keys
  }

  /** Waits for nothing and nobody. Throws `vault_keyless` when today's key could not be made in time. */
  seal(body: Uint8Array, bound: Bound): Uint8Array {
    const key = this.#keys.today()
    if (key) return sealWith(key, body, bound)
    // Whoever comes later may find one.
    this.#keys.keep().catch(() => {})
    throw failure('vault_keyless', { day: this.#keys.date(), place: this.#keys.place })
  }

  /** Never rejects: one body that cannot be opened is no reason not to open the others. */
  async open(sealed: Uint8Array, bound: Bound): Promise<Opened> {
    const id = keyIdOf(sealed)
    if (id === null) return { kind: 'never', why: 'it is no sealed body' }
    try {
      const key = await this.#keys.find(id)
      if (!key) return { kind: 'never', why: 'the key that it was sealed with is destroyed' }
      const body = openWith(key, sealed, bound)
      return body ? { kind: 'opened', body } : { kind: 'never', why: 'it was changed, or sealed for another message' }
    } catch (error) {
      return { kind: 'later', why: (error as Error).message }
    }
  }

  /** Makes the keys of the next days, and destroys those whose time is over. Rejects when there is no key for today or ahead. */
  keep(): Promise<void> {
    return this.#keys.keep()
  }
}
