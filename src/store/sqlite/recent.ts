import type { Envelope } from '../../core/event.ts'
import type { Ref } from '../store.ts'

/** An event admitted a moment ago, as it lies in the tables. */
export interface Fresh {
  readonly event: Envelope
  readonly lane: string
  readonly receivedAt: number
  /** The object's event before this one was created within two seconds: they may be twins. */
  readonly near: boolean
}

const BYTES_MAX = 8 * 1024 * 1024

/** What was just written, so that a lease right after needs not read it back. Bounded by bytes; the oldest goes first. */
export class Recent {
  readonly #byRef = new Map<Ref, Fresh>()
  #bytes = 0

  add(ref: Ref, fresh: Fresh): void {
    this.#byRef.set(ref, fresh)
    this.#bytes += fresh.event.body.byteLength
    if (this.#bytes <= BYTES_MAX) return
    for (const [oldest] of this.#byRef) {
      this.take(oldest)
      if (this.#bytes <= BYTES_MAX) return
    }
  }

  take(ref: Ref): Fresh | undefined {
    const fresh = this.#byRef.get(ref)
    if (!fresh) return undefined
    this.#byRef.delete(ref)
    this.#bytes -= fresh.event.body.byteLength
    return fresh
  }
}
