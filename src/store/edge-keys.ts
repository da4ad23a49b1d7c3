/**
 * The key of one day (UTC), with which bodies outside the ledger are encrypted. It is kept wrapped: by what, the store does not
 * know, and without that what it keeps is of no use to anybody.
 */
export interface EdgeKey {
  /** Days since 1970. */
  readonly day: number
  /** Named in each sealed body. No two keys ever share one. */
  readonly id: string
  readonly wrapped: string
  /** By the store's clock. */
  readonly madeAt: number
}

/** Where all processes of a ledger find the same keys, and where a key can be destroyed for all of them. */
export interface EdgeKeys {
  /**
   * Resolves to the day's key once it would survive a crash: the one given, unless the day had one before. However many processes
   * offer one at once, all of them get the same.
   */
  offer(key: Omit<EdgeKey, 'madeAt'>): Promise<EdgeKey>
  /** All that there are, the oldest day first. */
  known(): Promise<readonly EdgeKey[]>
  /**
   * Destroys, for ever, the keys of all days that ended so many days ago or earlier, by the store's clock: a machine whose own is
   * wrong destroys nothing that others need. Resolves to how many.
   */
  destroy(days: number): Promise<number>
}

const DAY_MS = 86_400_000

export const dayOf = (now: number): number => Math.floor(now / DAY_MS)
