import { systemClock } from '../../core/clock.ts'
import type { Sql } from './driver.ts'

/** The server's clock as this process knows it: ours, and how far it is from the server's. So machines never compare their own. */
export class ServerTime {
  readonly #aheadMs: number

  private constructor(aheadMs: number) {
    this.#aheadMs = aheadMs
  }

  /** Asked thrice: the quickest answer is the most exact. */
  static async over(sql: Sql): Promise<ServerTime> {
    const asked: { tookMs: number; aheadMs: number }[] = []
    for (let i = 0; i < 3; i++) {
      const from = systemClock.now()
      const [row] = await sql.again<{ at: number }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::float8 as at',
      )
      const to = systemClock.now()
      asked.push({ tookMs: to - from, aheadMs: row!.at - (from + to) / 2 })
    }
    asked.sort((a, b) => a.tookMs - b.tookMs)
    return new ServerTime(asked[0]!.aheadMs)
  }

  now(): number {
    return systemClock.now() + this.#aheadMs
  }
}
