import type { Admitted } from '../../store.ts'
import type { Place } from './place.ts'

interface Receipt {
  readonly admitted: Admitted[]
  left: number
  resolve(admitted: readonly Admitted[]): void
  reject(error: unknown): void
}

/** Whoever brought events and has not heard yet what became of them. */
export class Receipts {
  readonly #byPlace = new Map<Place, { readonly receipt: Receipt; readonly i: number }>()

  /** How many events the writer has not reported. */
  get size(): number {
    return this.#byPlace.size
  }

  /** What became of the events at these places, in their order. */
  wait(places: readonly Place[]): Promise<readonly Admitted[]> {
    if (places.length === 0) return Promise.resolve([])
    const admitted = new Promise<readonly Admitted[]>((resolve, reject) => {
      const receipt: Receipt = { admitted: new Array(places.length), left: places.length, resolve, reject }
      for (const [i, place] of places.entries()) this.#byPlace.set(place, { receipt, i })
    })
    // Who only wants to know that they are on the disk never looks.
    admitted.catch(() => {})
    return admitted
  }

  report(places: readonly Place[], admitted: readonly Admitted[]): void {
    for (const [n, place] of places.entries()) {
      const waiting = this.#byPlace.get(place)
      // After a failed write some are reported twice.
      if (!waiting) continue
      this.#byPlace.delete(place)
      const { receipt, i } = waiting
      receipt.admitted[i] = admitted[n]!
      if (--receipt.left === 0) receipt.resolve(receipt.admitted)
    }
  }

  /** They are not on the disk. */
  drop(places: readonly Place[], error: unknown): void {
    for (const place of places) {
      this.#byPlace.get(place)?.receipt.reject(error)
      this.#byPlace.delete(place)
    }
  }

  end(error: Error): void {
    this.drop([...this.#byPlace.keys()], error)
  }
}
