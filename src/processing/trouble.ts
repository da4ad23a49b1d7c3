import type { Logger } from '../core/service.ts'
import { note } from './note.ts'

type Where = 'lease' | 'settle'

/** Whether the ledger answers: said in the log when it begins and when it ends. */
export class Trouble {
  readonly #log: Logger
  readonly #at = new Set<Where>()

  constructor(log: Logger) {
    this.#log = log
  }

  get some(): boolean {
    return this.#at.size > 0
  }

  at(where: Where): boolean {
    return this.#at.has(where)
  }

  /** `error` null: it has answered. */
  is(where: Where, error: unknown | null): void {
    if (this.at(where) === (error !== null)) return
    if (error === null) {
      this.#at.delete(where)
      this.#log.info({ where }, 'the ledger answers again')
    } else {
      this.#at.add(where)
      this.#log.error({ where, ...note(error, null) }, 'the ledger does not answer; trying again')
    }
  }
}
