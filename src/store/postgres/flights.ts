import { Bell } from '../../core/bell.ts'
import type { Clock } from '../../core/clock.ts'
import type { Ref } from '../store.ts'
import type { Book, LaneKey } from './book.ts'
import type { Draft } from './draft.ts'
import { type Command, refsOf } from './hand.ts'
import type { Grant } from './leasing.ts'

/** What somebody asked the desk for, until the rows have said that it is so. */
export interface Asked {
  readonly command: Command
  resolve(value: never): void
  reject(error: unknown): void
  tries: number
}

/** What one turn has decided, on its way into the rows. */
export interface Flight {
  readonly book: Book
  readonly draft: Draft
  readonly answers: readonly { readonly asked: Asked; readonly refs: readonly Ref[]; readonly value: unknown }[]
  readonly grants: readonly Grant[]
  /** Attempts in them end with this write: until it has arrived nobody else leases from them. */
  readonly lanes: readonly LaneKey[]
}

/**
 * A commit takes as long as the disk, or the replica behind it. Where that is long, a second one goes off meanwhile, since the server
 * syncs both at once; where it is short, or the server has its hands full, what comes meanwhile is written together, since each write
 * costs by itself.
 */
const FLIGHTS_MAX = 2
const LONG_MS = 10

/** Writes under way. No two of them are about one event or one lane, so that their order does not matter. */
export class Flights {
  readonly #under = new Set<Flight>()
  readonly #refs = new Set<Ref>()
  readonly #arrivals = new Bell()

  get some(): boolean {
    return this.#under.size > 0
  }

  has(ref: Ref): boolean {
    return this.#refs.has(ref)
  }

  /** It is about none of the events that are being written. */
  clear({ command }: Asked): boolean {
    return this.#refs.size === 0 || !refsOf(command).some((ref) => this.#refs.has(ref))
  }

  begin(flight: Flight): void {
    this.#under.add(flight)
    for (const { ref } of flight.draft.changes) this.#refs.add(ref)
    for (const { key, tenant } of flight.lanes) flight.book.lanes.block(key, tenant)
  }

  end(flight: Flight): void {
    this.#under.delete(flight)
    for (const { ref } of flight.draft.changes) this.#refs.delete(ref)
    for (const { key } of flight.lanes) flight.book.lanes.unblock(key)
    this.#arrivals.ring()
  }

  /** Resolves when the next one may begin. */
  async ready(pace: Clock): Promise<void> {
    while (this.#under.size >= FLIGHTS_MAX) await this.next()
    if (!this.some) return
    const slow = new Promise<void>((resolve) => pace.after(LONG_MS, resolve))
    await Promise.race([slow, this.next()])
  }

  /** Resolves when one more has arrived. */
  next(): Promise<void> {
    return this.#arrivals.next()
  }
}
