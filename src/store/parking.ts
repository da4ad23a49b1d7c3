import { Fifo } from './fifo.ts'

/** Lanes whose head's type has no room with any worker just now: out of the rings, so that no lease walks them. */
export class Parking {
  readonly #byType = new Map<number, Fifo<number>>()

  add(type: number, lane: number): void {
    const parked = this.#byType.get(type) ?? new Fifo<number>()
    this.#byType.set(type, parked)
    parked.push(lane)
  }

  /** As many lanes of each type as there is room for, those that came first. `waits`: it has not gone another way meanwhile. */
  *leave(room: (type: number) => number, waits: (lane: number, type: number) => boolean): Generator<number> {
    for (const [type, parked] of this.#byType) {
      for (let left = room(type); left > 0 && parked.size > 0; ) {
        const lane = parked.shift()!
        if (!waits(lane, type)) continue
        left--
        yield lane
      }
      if (parked.size === 0) this.#byType.delete(type)
    }
  }
}

/** Lanes that wait in turn. One that went another way meanwhile is passed over. */
export class Queue {
  readonly #lanes = new Fifo<number>()
  readonly #waits: (lane: number) => boolean

  constructor(waits: (lane: number) => boolean) {
    this.#waits = waits
  }

  push(lane: number): void {
    this.#lanes.push(lane)
  }

  some(): boolean {
    for (let lane = this.#lanes.peek(); lane !== undefined; lane = this.#lanes.peek()) {
      if (this.#waits(lane)) return true
      this.#lanes.shift()
    }
    return false
  }

  /** The first; only when there is some. */
  shift(): number {
    return this.#lanes.shift()!
  }
}
