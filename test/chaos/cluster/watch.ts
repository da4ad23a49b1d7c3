import { pause } from '../settle.ts'

const STUCK_MS = 60_000

/** How much is not done, as somebody sees it who looks from outside. */
export class Watch {
  /** Rejects while nobody can say. */
  readonly open: () => Promise<number>
  readonly #lookMs: number

  /** `lookMs` between two looks: to look costs those who are asked. */
  constructor(open: () => Promise<number>, lookMs: number) {
    this.open = open
    this.#lookMs = lookMs
  }

  /** The most that was open at any look. */
  async highest(forMs: number): Promise<number> {
    const until = performance.now() + forMs
    let highest = 0
    while (performance.now() < until) {
      highest = Math.max(highest, await this.open().catch(() => 0))
      await pause(this.#lookMs)
    }
    return highest
  }

  /** Resolves to after how long no more than that is open; to infinity when it takes longer than that. */
  async until(level: number, withinMs: number): Promise<number> {
    const from = performance.now()
    for (;;) {
      // A database that was just restarted may still be starting.
      const open = await this.open().catch(() => Number.POSITIVE_INFINITY)
      const ms = performance.now() - from
      if (open <= level) return ms
      if (ms > withinMs) return Number.POSITIVE_INFINITY
      await pause(this.#lookMs)
    }
  }

  /** Resolves when nothing is open, however long that takes as long as it grows less. */
  async emptied(): Promise<void> {
    for (let least = Number.POSITIVE_INFINITY; ; ) {
      if ((await this.until(0, STUCK_MS)) <= STUCK_MS) return
      const open = await this.open()
      if (open >= least) throw new Error(`${open} events are open, as they were ${STUCK_MS} ms before`)
      least = open
    }
  }

  /** Events done in a second, the median of some windows of a time in which there is more to do than can be done. */
  async drain(windows: number, windowMs: number): Promise<number> {
    const rates: number[] = []
    for (let n = 0; n < windows; n++) {
      const [from, before] = [performance.now(), await this.open()]
      await pause(windowMs)
      const after = await this.open()
      if (after === 0) throw new Error(`all was done in window ${n + 1} of ${windows}: it measured no saturation`)
      rates.push(((before - after) * 1_000) / (performance.now() - from))
    }
    return rates.sort((a, b) => a - b)[Math.floor(windows / 2)]!
  }
}
