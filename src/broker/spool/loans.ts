import type { Clock } from '../../core/clock.ts'
import type { Lent } from '../broker.ts'
import type { Spooled, SpoolFile } from './file.ts'

export interface OnLoan {
  readonly spooled: Spooled
  readonly deliveries: number
}

/** Who has what, in memory: the process that dies takes its loans with it, and all of them come again. */
export class Loans {
  readonly #file: SpoolFile
  readonly #clock: Clock
  readonly #lentMs: number
  /** In the order of their ends: all loans last equally long. */
  readonly #lent = new Map<number, { untilAt: number; deliveries: number }>()
  readonly #times = new Map<number, number>()
  #returned: number[] = []
  #last: number

  /** What lies behind `last` is lent by itself, and what stands before it once it was brought. */
  constructor(file: SpoolFile, clock: Clock, lentMs: number, last = 0) {
    this.#file = file
    this.#clock = clock
    this.#lentMs = lentMs
    this.#last = last
  }

  /** From now on it is lent here. */
  bring(place: number): void {
    this.#returned.push(place)
  }

  /** Up to `max`, and no more bytes than a batch may hold: first what comes again, then what is new, in order. */
  lend(max: number): OnLoan[] {
    this.#collect()
    const some: Spooled[] = []
    let bytes = 0
    const room = () => some.length < max && bytes < BATCH_BYTES_MAX
    const take = (spooled: Spooled) => {
      some.push(spooled)
      bytes += spooled.body.length
    }
    while (room() && this.#returned.length > 0) {
      const again = this.#file.at(this.#returned.shift() as number)
      if (again) take(again)
    }
    if (room()) {
      for (const fresh of this.#file.after(this.#last)) {
        take(fresh)
        this.#last = fresh.place
        if (!room()) break
      }
    }
    return some.map((spooled) => ({ spooled, deliveries: this.#lend(spooled.place) }))
  }

  /** It will not come again from here: it is gone, or stands elsewhere. */
  forget(place: number): void {
    this.#lent.delete(place)
    this.#times.delete(place)
    this.#returned = this.#returned.filter((other) => other !== place)
  }

  /** It stands elsewhere and is lent from there, with how often it was lent before. */
  move(from: number, to: number): void {
    const times = this.#times.get(from) ?? 0
    this.forget(from)
    // It may have been lent from there already.
    this.#times.set(to, times + (this.#times.get(to) ?? 0))
  }

  /** For how long nothing can come back by itself. */
  restsMs(): number {
    const [first] = this.#lent.values()
    return first ? Math.max(first.untilAt - this.#clock.now(), 0) : Number.POSITIVE_INFINITY
  }

  #lend(place: number): number {
    const deliveries = (this.#times.get(place) ?? 0) + 1
    this.#times.set(place, deliveries)
    this.#lent.set(place, { untilAt: this.#clock.now() + this.#lentMs, deliveries })
    return deliveries
  }

  #collect(): void {
    const now = this.#clock.now()
    const ended: number[] = []
    for (const [place, { untilAt }] of this.#lent) {
      if (untilAt > now) break
      ended.push(place)
    }
    if (ended.length === 0) return
    for (const place of ended) this.#lent.delete(place)
    this.#returned = [...this.#returned, ...ended].sort((a, b) => a - b)
  }
}

/** Bodies may be megabytes: a batch holds so many bytes and one more body. */
const BATCH_BYTES_MAX = 8 * 1_048_576

/** The messages of one batch. `end` gives the places of those whose loan nobody has ended yet, and ends it. */
export function lending(lent: readonly OnLoan[]): { messages: Lent[]; end(some: readonly Lent[]): number[] } {
  const open = new Map<Lent, number>()
  for (const { spooled, deliveries } of lent) {
    const { place, ...message } = spooled
    open.set({ ...message, deliveries }, place)
  }
  const end = (some: readonly Lent[]) => {
    const places = some.flatMap((message) => open.get(message) ?? [])
    for (const message of some) open.delete(message)
    return places
  }
  return { messages: [...open.keys()], end }
}
