import type { Ref } from '../store.ts'
import type { Asks } from './asks.ts'
import type { Leasing } from './leasing.ts'
import type { Arrivals, News, QueueRow } from './news.ts'
import { placeOf } from './refs.ts'
import type { Seats } from './seats.ts'

interface Deps {
  readonly id: string
  readonly seats: Seats
  readonly leasing: Leasing
  readonly arrivals: Arrivals
  readonly asks: Asks
  /** The answer to its lease is still to come. */
  awaited(ref: Ref, row: QueueRow): boolean
}

/** Leases of ours that have reached no worker, in buckets that are another's by now: he takes them for ours as long as we live. */
export class Unheard {
  readonly #deps: Deps
  /** Where there may be some. */
  readonly #buckets = new Set<number>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get some(): boolean {
    return this.#buckets.size > 0
  }

  /** Whatever lease of ours is in it has been written by now, or never will be. */
  lost(bucket: number): void {
    this.#buckets.add(bucket)
  }

  /** Looks for them, and gives them back. What is ours again a look tells. */
  async find(): Promise<void> {
    const { id, seats, arrivals } = this.#deps
    const buckets = [...this.#buckets].filter((bucket) => !seats.owns(bucket))
    this.#buckets.clear()
    try {
      this.giveBack(await arrivals.heldBy(id, buckets))
    } catch (error) {
      for (const bucket of buckets) this.lost(bucket)
      throw error
    }
  }

  /** Those that these rows tell of. */
  giveBack(rows: News['rows']): void {
    const { leasing, asks, awaited } = this.#deps
    const work = leasing.unheard(rows.filter(([ref, row]) => !awaited(ref, row)))
    if (work.length === 0) return
    asks.add({ kind: 'giveBack', work, delayMs: 0 }).catch(() => {
      for (const one of work) {
        leasing.ended(one)
        this.lost(placeOf(one.ref).bucket)
      }
    })
  }
}
