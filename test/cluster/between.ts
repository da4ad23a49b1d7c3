import type { Pool, PoolClient } from 'pg'

export interface Question {
  readonly name?: string
  readonly values?: readonly unknown[]
}

/** What is done once, with the next question that fits: before it is sent, or before its answer is heard. */
export interface Between {
  readonly fits: (question: Question) => boolean
  readonly before?: () => Promise<void>
  readonly after?: () => Promise<void>
}

export interface Held {
  /** Resolves when it got that far. */
  readonly reached: Promise<void>
  go(): void
}

const seen = new WeakSet<PoolClient>()

/** Stands between a pool and its server, for the moments that a test is about. */
export class Wire {
  #next: Between | null = null
  #delays: () => Promise<void> = async () => {}

  constructor(pool: Pool) {
    pool.on('connect', (client) => {
      if (seen.has(client)) return
      seen.add(client)
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
      // Only what is asked with promises is of interest.
      client.query = ((...args: [Question]) =>
        typeof args.at(-1) === 'function' ? query(...args) : this.#asked(query, args)) as typeof client.query
    })
  }

  once(between: Between): void {
    this.#next = between
  }

  /** From now on every question waits for one before it is sent, and for one more before its answer is heard. */
  delay(delays: () => Promise<void>): void {
    this.#delays = delays
  }

  /** The next question that fits goes no further than that until it may. */
  hold(at: 'before' | 'after', fits: Between['fits']): Held {
    const reached = Promise.withResolvers<void>()
    const going = Promise.withResolvers<void>()
    const stop = () => {
      reached.resolve()
      return going.promise
    }
    this.once({ fits, [at]: stop })
    return { reached: reached.promise, go: going.resolve }
  }

  async #asked(query: (...args: unknown[]) => Promise<unknown>, args: [Question]): Promise<unknown> {
    const between = this.#next?.fits(args[0]) ? this.#next : null
    if (between) this.#next = null
    await between?.before?.()
    await this.#delays()
    const result = await query(...args)
    await between?.after?.()
    await this.#delays()
    return result
  }
}
