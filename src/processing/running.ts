import type { Work } from '../store/store.ts'
import type { Registered } from './handlers.ts'
import type { Turn } from './turn.ts'

/** What `graceMs` and the settle must fit into, beyond the handlers' time-outs: the ledger's own allowance. */
export const LEASE_SPARE_MS = 10_000

/** One leased event in this process, from lease to settle. */
export class Running {
  readonly work: Work
  readonly handlers: readonly Registered[]
  readonly leasedAt: number
  /** When the lease runs out, as near as our own clock can tell; the ledger has the last word. */
  readonly leaseEndsAt: number
  /** When its handlers began: later than the lease where it was leased ahead. */
  begunAt: number
  turn: Turn | null = null
  #over = false

  constructor(lease: { work: Work; handlers: readonly Registered[]; leasedAt: number }) {
    this.work = lease.work
    this.handlers = lease.handlers
    this.leasedAt = lease.leasedAt
    this.begunAt = lease.leasedAt
    this.leaseEndsAt = lease.leasedAt + leaseMs(lease.handlers)
  }

  /** The lease is given back or lost: nothing more is run, and nothing is settled. */
  get over(): boolean {
    return this.#over
  }

  /** Ends it without an outcome; the handler that runs is aborted and left behind. */
  end(reason: unknown): void {
    this.#over = true
    this.turn?.leave(reason)
  }
}

export const leaseMs = (handlers: readonly Registered[]): number =>
  handlers.reduce((sum, { timeoutMs }) => sum + timeoutMs, LEASE_SPARE_MS)
