import type { Place } from './place.ts'

const END = 0
const FLOOR = 1
const ASLEEP = 2
const ACTIVE = 3
const LATE = 4

/** What the thread that takes events and the writer's thread know of one another without a message. */
export class Progress {
  readonly buffer: SharedArrayBuffer
  readonly #words: BigInt64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(5 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#words = new BigInt64Array(buffer)
  }

  /** Up to here all is on the disk, and the writer may read it. */
  get end(): Place {
    return Number(Atomics.load(this.#words, END))
  }

  set end(place: Place) {
    Atomics.store(this.#words, END, BigInt(place))
  }

  /** From here on the events are still in the memory of the thread that took them. */
  get floor(): Place {
    return Number(Atomics.load(this.#words, FLOOR))
  }

  set floor(place: Place) {
    Atomics.store(this.#words, FLOOR, BigInt(place))
  }

  /** The segment that may still be written; 0: none. */
  get active(): number {
    return Number(Atomics.load(this.#words, ACTIVE))
  }

  set active(segment: number) {
    Atomics.store(this.#words, ACTIVE, BigInt(segment))
  }

  /** What arrives now is worked before long. */
  get soon(): boolean {
    return Atomics.load(this.#words, LATE) === 0n
  }

  set soon(soon: boolean) {
    Atomics.store(this.#words, LATE, soon ? 0n : 1n)
  }

  /** The writer has read all there is, and waits to be called. */
  sleep(): void {
    Atomics.store(this.#words, ASLEEP, 1n)
  }

  /** True when the writer sleeps and it is for the caller to call it. */
  rouse(): boolean {
    return Atomics.exchange(this.#words, ASLEEP, 0n) === 1n
  }
}
