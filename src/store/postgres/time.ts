import { steadyClock } from '../../core/clock.ts'
import type { Sql } from './driver.ts'

/** An instant that the server has told, and when by our clock it was asked and had answered. */
export interface Told {
  readonly at: number
  readonly from: number
  readonly to: number
}

/**
 * The server's clock as this process knows it, so that machines never compare their own. Counted on by a clock that nobody sets:
 * what is done to this machine's wall clock while the process lives means nothing here.
 */
export class ServerTime {
  #aheadMs: number

  private constructor(aheadMs: number) {
    this.#aheadMs = aheadMs
  }

  /** Asked thrice: the quickest answer is the most exact. */
  static async over(sql: Sql): Promise<ServerTime> {
    const asked: { tookMs: number; aheadMs: number }[] = []
    for (let i = 0; i < 3; i++) {
      const from = steadyClock.now()
      const [row] = await sql.again<{ at: number }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::float8 as at',
      )
      const to = steadyClock.now()
      asked.push({ tookMs: to - from, aheadMs: row!.at - (from + to) / 2 })
    }
    asked.sort((a, b) => a.tookMs - b.tookMs)
    return new ServerTime(asked[0]!.aheadMs)
  }

  now(): number {
    return steadyClock.now() + this.#aheadMs
  }

  /** Heard with something else: believed where what is known cannot be, as after a machine was put to sleep. */
  heard({ at, from, to }: Told): void {
    const fits = this.#aheadMs >= at - to && this.#aheadMs <= at - from
    if (!fits) this.#aheadMs = at - (from + to) / 2
  }
}
