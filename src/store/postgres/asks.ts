import type { Asked, Flights } from './flights.ts'
import { type Command, worksOf } from './hand.ts'
import { type Leasing, partition } from './leasing.ts'

const TRIES_MAX = 4

/** What was asked for and is not under way yet. */
export class Asks {
  readonly #flights: Flights
  readonly #leasing: Leasing
  #waiting: Asked[] = []

  constructor(flights: Flights, leasing: Leasing) {
    this.#flights = flights
    this.#leasing = leasing
  }

  get some(): boolean {
    return this.#waiting.length > 0
  }

  /** Some of it need not wait for a write. */
  get clear(): boolean {
    return this.#waiting.some((one) => this.#flights.clear(one))
  }

  add<V>(command: Command): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      this.#waiting.push({ command, resolve: resolve as (value: never) => void, reject, tries: 0 })
    })
  }

  /** What is about events that are just being written waits for that. */
  takeClear(): readonly Asked[] {
    const [clear, busy] = partition(this.#waiting, (one) => this.#flights.clear(one))
    this.#waiting = busy
    return clear
  }

  /** The rows have answered. Where they refused, it is asked once more of what they say, but not for ever. */
  answer(asked: Asked, value: unknown, refused: boolean): void {
    if (!refused || asked.tries++ >= TRIES_MAX) return asked.resolve(value as never)
    this.#goOn(asked)
    this.#waiting.push(asked)
  }

  /** The write came to nothing. `over`: and there will be no other. */
  again(asked: readonly Asked[], failed: Error, over: boolean): void {
    for (const one of asked) {
      this.#goOn(one)
      if (one.tries++ < TRIES_MAX && !over) this.#waiting.push(one)
      else one.reject(failed)
    }
  }

  /** Until it is written its leases are what they were, whoever asks for it again. */
  #goOn({ command }: Asked): void {
    this.#leasing.goOn(worksOf(command))
  }

  end(error: Error): void {
    for (const asked of this.#waiting.splice(0)) asked.reject(error)
  }
}
