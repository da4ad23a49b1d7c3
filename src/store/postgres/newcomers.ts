import type { Envelope } from '../../core/event.ts'
import type { Newcomer } from './admit.ts'
import type { Births, Expected } from './births.ts'
import type { Book } from './book.ts'
import { type Leasing, partition } from './leasing.ts'
import type { Looks } from './looks.ts'
import type { Arrivals, News } from './news.ts'
import type { Seats } from './seats.ts'

interface Deps {
  readonly seats: Seats
  readonly leasing: Leasing
  readonly looks: Looks
  readonly arrivals: Arrivals
  readonly births: Births
}

/** Of one admission, whatever became of it. */
export interface Admission {
  readonly expected: Expected | null
  /** Nobody else may have admitted something. */
  readonly alone: boolean
  /** Each was recorded by it. What was not may have been before, by a statement whose answer we never heard. */
  readonly all: boolean
}

export interface Told {
  readonly rows: News['rows']
  /** There is more to hear of than memory can tell. */
  readonly look: boolean
}

/** What this process has admitted itself: memory hears of it without a look, where nothing that it does not know can come before it. */
export class Newcomers {
  readonly #deps: Deps
  /** Not in the book yet. */
  #waiting: Newcomer[] = []

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get some(): boolean {
    return this.#waiting.length > 0
  }

  /** These are about to be recorded: what of them can be leased at once. */
  expect(book: Book, events: readonly Envelope[], now: number): Expected | null {
    const { seats, looks, births } = this.#deps
    if (this.some || looks.owed || !seats.alone) return null
    return births.expect(book, events, now)
  }

  /**
   * These were admitted. What others admit may come before them in a lane, as may what we did not hear of, and of what was leased
   * only in part a look tells the rest: where there is neither we need not look.
   */
  came(newcomers: readonly Newcomer[], { expected, alone, all }: Admission, book: Book): Told {
    const { seats, births, leasing } = this.#deps
    seats.alone &&= alone
    const [born, others] = partition(newcomers, ({ birth }) => birth !== null)
    const whole = born.length === 0 || others.length === 0
    const rows = expected ? births.arrived(expected, born, { book, whole }) : []
    for (const newcomer of others) leasing.recent.add(newcomer)
    const look = !all || !whole || !seats.alone
    // Who has no bucket looks at all that is in the first that it gets.
    if (!look && seats.holdings.length > 0) this.#waiting.push(...others)
    return { rows, look }
  }

  /** Those that wait, as a look would tell them: not before the look that was asked for since the last one, which knows of more. */
  tell(): News['rows'] {
    if (this.#deps.looks.stirred) return []
    return this.#deps.arrivals.tell(this.#waiting.splice(0), { whole: true })
  }
}
