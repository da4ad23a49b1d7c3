import type { Envelope } from '../../core/event.ts'
import { Fifo } from '../fifo.ts'
import type { Ref } from '../store.ts'
import type { Place } from './arrivals/place.ts'

/** An event admitted a moment ago, as it lies in the tables. */
export interface Fresh {
  readonly event: Envelope
  readonly lane: string
  readonly receivedAt: number
  /** The object's event before this one was created within two seconds: they may be twins. */
  readonly near: boolean
  /** Where its body lies, and then it is not in `event`. */
  readonly place: Place | null
}

const BYTES_MAX = 4 * 1024 * 1024
/** About what an event takes beside its body. */
const FACTS_BYTES = 1024

/**
 * What was just written, so that a lease right after needs not read it back. Bounded by bytes; the oldest goes first. What is
 * kept here lives long enough to be moved by the garbage collector, so nothing is until somebody leases.
 */
export class Recent {
  #wanted = false
  readonly #byRef = new Map<Ref, Fresh>()
  /** In the order of arrival; some are gone already. A map's own first entry would be looked for behind all that were deleted. */
  readonly #order = new Fifo<Ref>()
  #bytes = 0

  /** From here on what is added is kept. */
  want(): void {
    this.#wanted = true
  }

  add(ref: Ref, fresh: Fresh): void {
    if (!this.#wanted) return
    this.#byRef.set(ref, fresh)
    this.#order.push(ref)
    this.#bytes += FACTS_BYTES + fresh.event.body.byteLength
    while (this.#bytes > BYTES_MAX || this.#order.size > 2 * this.#byRef.size + 1024) this.take(this.#order.shift()!)
  }

  take(ref: Ref): Fresh | undefined {
    const fresh = this.#byRef.get(ref)
    if (!fresh) return undefined
    this.#byRef.delete(ref)
    this.#bytes -= FACTS_BYTES + fresh.event.body.byteLength
    return fresh
  }
}
