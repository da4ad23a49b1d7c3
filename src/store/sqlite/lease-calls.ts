import type { Want } from '../store.ts'
import type { Answer, Waiter } from './answers.ts'
import type { Book } from './book.ts'
import { lease } from './lease.ts'

export interface LeaseCall extends Waiter {
  readonly id: number
  readonly want: Want
  readonly untilAt: number
}

/** Workers that ask for work: each waits until there is some, or until its time is over. */
export class LeaseCalls {
  #waiting: LeaseCall[] = []

  add(call: LeaseCall): void {
    this.#waiting.push(call)
  }

  /** Ends one early; false when it does not wait here. */
  cancel(id: number): boolean {
    const call = this.#waiting.find((other) => other.id === id)
    this.#waiting = this.#waiting.filter((other) => other !== call)
    call?.resolve([])
    return call !== undefined
  }

  fill(book: Book): Answer[] {
    const now = book.now()
    const answers: Answer[] = []
    this.#waiting = this.#waiting.filter((call) => {
      const work = lease(book, call.want)
      if (work.length === 0 && now < call.untilAt) return true
      answers.push({ to: call, value: work })
      return false
    })
    return answers
  }

  /** When there may be something to give them, or one of them gives up. */
  nextAt(book: Book): number {
    if (this.#waiting.length === 0) return Number.POSITIVE_INFINITY
    return Math.min(book.lanes.nextDueAt(), ...this.#waiting.map(({ untilAt }) => untilAt))
  }

  take(): LeaseCall[] {
    return this.#waiting.splice(0)
  }
}
