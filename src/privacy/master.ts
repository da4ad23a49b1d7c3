/** What holds the master key: it wraps the keys of days, and unwraps them again. */
export interface Master {
  /** Where the master key is, for people: `file:/run/secrets/vault`. */
  readonly place: string
  /** Rejects with a `vault_...` error that says what to mend. */
  wrap(key: Uint8Array, about: About): Promise<string>
  /** The key, the caller's to wipe, if it was wrapped here as that day's and under that id; else rejects, as `wrap` does. */
  unwrap(wrapped: string, about: About): Promise<Uint8Array>
}

/** Which key it is: wrapped as one, it cannot be passed off as another. */
export interface About {
  readonly id: string
  /** Days since 1970, UTC. */
  readonly day: number
}

const DAY_MS = 86_400_000

export const dayOf = (at: number): number => Math.floor(at / DAY_MS)

/** `2026-11-28`. */
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)
