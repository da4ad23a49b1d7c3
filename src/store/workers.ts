import type { Clock } from '../core/clock.ts'

/** A worker that lives: its heartbeat. */
export interface Alive {
  readonly name: string
  readonly release: string
  /** When its first beat was noted, by the store's clock. */
  readonly startedAt: number
  readonly handles: readonly Declared[]
}

/** A handler as it is declared to the other workers. */
export interface Declared {
  readonly pattern: string
  readonly name: string
}

/** Who works on this ledger just now. */
export interface Workers {
  /** Says that this worker lives for `ttlMs` more, and resolves to all that do, itself among them. */
  beat(worker: Omit<Alive, 'startedAt'> & { readonly ttlMs: number }): Promise<readonly Alive[]>
  /** It ends. Harmless for one that is not known. */
  leave(name: string): Promise<void>
}

/** For a ledger that one process keeps: nobody else could hear of it. */
export function workersHere(clock: Pick<Clock, 'now'>): Workers {
  const known = new Map<string, Alive & { untilAt: number }>()
  return {
    async beat({ ttlMs, ...worker }) {
      const now = clock.now()
      for (const [name, { untilAt }] of known) if (untilAt <= now) known.delete(name)
      const startedAt = known.get(worker.name)?.startedAt ?? now
      known.set(worker.name, { ...worker, startedAt, untilAt: now + ttlMs })
      return [...known.values()].map(({ untilAt: _, ...alive }) => alive)
    },
    async leave(name) {
      known.delete(name)
    },
  }
}
