import { DueHeap } from './heaps.ts'

const TICK_MS = 100

/** How long the oldest of many has waited, without a walk over them: a count per tenth of a second, and a heap of the tenths. */
export class Ages {
  readonly #counts = new Map<number, number>()
  readonly #ticks = new DueHeap()
  readonly #listed = new Set<number>()
  #base = Number.NaN

  /** The tick to hand back to `remove`. */
  add(at: number): number {
    if (Number.isNaN(this.#base)) this.#base = at
    const tick = Math.floor((at - this.#base) / TICK_MS)
    const count = this.#counts.get(tick) ?? 0
    if (count === 0 && !this.#listed.has(tick)) this.#list(tick)
    this.#counts.set(tick, count + 1)
    return tick
  }

  remove(tick: number): void {
    const count = this.#counts.get(tick) ?? 0
    if (count > 1) this.#counts.set(tick, count - 1)
    else this.#counts.delete(tick)
  }

  /** Null when there is nothing. */
  oldestAt(): number | null {
    while (this.#ticks.size > 0 && !this.#counts.has(this.#ticks.nextAt())) this.#listed.delete(this.#ticks.pop()!)
    return this.#ticks.size > 0 ? this.#base + this.#ticks.nextAt() * TICK_MS : null
  }

  #list(tick: number): void {
    this.#listed.add(tick)
    this.#ticks.push(tick, tick)
    // One event that waits for weeks must not make a list of all the tenths that came and went behind it.
    if (this.#listed.size < 2 * this.#counts.size + 1024) return
    for (const old of this.#listed) if (old !== tick && !this.#counts.has(old)) this.#listed.delete(old)
    this.#ticks.filter((other) => this.#listed.has(other))
  }
}
