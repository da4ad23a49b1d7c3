export interface UnverifiedLimits {
  /** What one request may hold before it is counted against its address: more than nearly every event of Stripe's. */
  readonly freeBytes: number
  readonly perAddressBytesMax: number
  readonly totalBytesMax: number
}

export const unverifiedDefaults: UnverifiedLimits = {
  freeBytes: 32_768,
  perAddressBytesMax: 4_194_304,
  totalBytesMax: 67_108_864,
}

/** A request whose body has come in part. */
export interface Reader {
  readonly address: string
  bytes: number
  paused: boolean
  readonly pause: () => void
  readonly resume: () => void
}

/**
 * Bounds the memory of bodies that nobody has verified yet, without refusing anybody: over a bound only the first in
 * line is read on, and the others wait in their sockets. So a flood from an address slows what comes from there; it
 * never turns it away.
 */
export class Unverified {
  #limits: UnverifiedLimits
  #readers = new Set<Reader>()
  #perAddress = new Map<string, number>()
  #total = 0

  constructor(limits: UnverifiedLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#total
  }

  /** These bytes have come and are kept. May pause the reader. */
  add(reader: Reader, bytes: number): void {
    this.#readers.add(reader)
    reader.bytes += bytes
    this.#count(reader.address, bytes)
    if (!reader.paused && !this.#mayGoOn(reader)) {
      reader.paused = true
      reader.pause()
    }
  }

  /** The body is whole, or was given up. Harmless for a reader that was never added. */
  remove(reader: Reader): void {
    if (!this.#readers.delete(reader)) return
    this.#count(reader.address, -reader.bytes)
    for (const waiting of this.#readers) {
      if (!waiting.paused || !this.#mayGoOn(waiting)) continue
      waiting.paused = false
      waiting.resume()
    }
  }

  #mayGoOn(reader: Reader): boolean {
    const { freeBytes, perAddressBytesMax, totalBytesMax } = this.#limits
    if (reader.bytes <= freeBytes) return true
    // Somebody must always be read on, or all would wait for one another.
    if (this.#total > totalBytesMax) return this.#first(() => true) === reader
    if ((this.#perAddress.get(reader.address) ?? 0) <= perAddressBytesMax) return true
    return this.#first(({ address }) => address === reader.address) === reader
  }

  #first(like: (reader: Reader) => boolean): Reader | undefined {
    for (const reader of this.#readers) if (reader.bytes > this.#limits.freeBytes && like(reader)) return reader
    return undefined
  }

  #count(address: string, bytes: number): void {
    this.#total += bytes
    const left = (this.#perAddress.get(address) ?? 0) + bytes
    if (left > 0) this.#perAddress.set(address, left)
    else this.#perAddress.delete(address)
  }
}
