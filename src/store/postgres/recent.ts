import { Fifo } from '../fifo.ts'
import type { Ref } from '../store.ts'
import type { Newcomer } from './admit.ts'

const BYTES_MAX = 4 * 1024 * 1024

/** What this process has just admitted, so that a lease right after needs not read it back. Bounded by bytes; the oldest goes first. */
export class Recent {
  readonly #byRef = new Map<Ref, Newcomer>()
  readonly #order = new Fifo<Ref>()
  #bytes = 0

  add(newcomer: Newcomer): void {
    this.#byRef.set(newcomer.ref, newcomer)
    this.#order.push(newcomer.ref)
    this.#bytes += newcomer.event.body.byteLength
    while (this.#bytes > BYTES_MAX || this.#order.size > 2 * this.#byRef.size + 1024) this.take(this.#order.shift()!)
  }

  take(ref: Ref): Newcomer | undefined {
    const newcomer = this.#byRef.get(ref)
    if (!newcomer) return undefined
    this.#byRef.delete(ref)
    this.#bytes -= newcomer.event.body.byteLength
    return newcomer
  }
}
