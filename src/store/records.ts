import type { Json } from '../core/outcome.ts'
import type { Page } from './store.ts'

/** A wish that expires. Processing reads controls; nobody calls processing. */
export interface Control {
  readonly id: string
  readonly kind: 'pause' | 'reroute'
  readonly target: {
    readonly types?: readonly string[]
    readonly lanes?: readonly string[]
    readonly accounts?: readonly string[]
    readonly destination?: string
  }
  readonly by: string
  readonly why: string
  readonly at: number
  readonly expiresAt: number
}

export interface Controls {
  /** Lives from now on for `ttlMs`. */
  put(control: Omit<Control, 'at' | 'expiresAt'> & { readonly ttlMs: number }): Promise<Control>
  /** What has neither expired nor been lifted. */
  live(): Promise<readonly Control[]>
  /** Ends one early. False: it is not live. */
  lift(id: string): Promise<boolean>
}

/** What was done by whom: append-only, each entry sealed with a hash over itself and the one before. */
export interface JournalEntry {
  readonly n: number
  readonly at: number
  readonly by: string
  readonly action: string
  readonly verdict: string
  readonly why: string
  readonly data: Json
  readonly hash: string
}

export interface Journal {
  write(entry: Omit<JournalEntry, 'n' | 'at' | 'hash'>): Promise<JournalEntry>
  page(cursor: string | null, limit: number): Promise<Page<JournalEntry>>
  /** The number of the first entry whose seal does not fit, or null when all do. */
  verify(): Promise<number | null>
}

/** Named locks with a fence that rises at each change of hands. */
export interface Locks {
  /** The fence, or null while somebody else holds it. Taking what one holds renews it. */
  take(name: string, holder: string, ttlMs: number): Promise<number | null>
  release(name: string, holder: string): Promise<void>
}
