import { randomUUID } from 'node:crypto'
import type { Sql } from './driver.ts'

/**
 * Statements that can be ended before they have done what they should. The server shows each with a mark of ours, by which another
 * connection finds it, also where a pooler stands between.
 */
export class Stoppable {
  readonly #sql: Sql
  readonly #mark = `/* hookkeeper ${randomUUID()} */`

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Rejects with `store_failed` where it was stopped. */
  rows<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return this.#sql.rows<R>(`${this.#mark} ${text}`, values)
  }

  /** Ends what is under way, if something is. */
  async stop(): Promise<void> {
    await this.#sql.rows(STOP, [this.#mark])
  }
}

const STOP = `select pg_cancel_backend(pid) from pg_stat_activity
where datname = current_database() and state = 'active' and starts_with(query, $1)`
