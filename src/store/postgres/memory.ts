import type { Clock } from '../../core/clock.ts'
import type { Envelope } from '../../core/event.ts'
import type { Backlog, Hold, Ref } from '../store.ts'
import type { Newcomer } from './admit.ts'
import type { Asks } from './asks.ts'
import { Births, type Expected } from './births.ts'
import { Book } from './book.ts'
import type { Sql } from './driver.ts'
import type { Flights } from './flights.ts'
import { type Leasing, partition } from './leasing.ts'
import { Looks } from './looks.ts'
import { type Admission, Newcomers } from './newcomers.ts'
import { Arrivals, type News, type QueueRow } from './news.ts'
import type { Seats } from './seats.ts'
import { Unheard } from './unheard.ts'
import { Wrong } from './wrong.ts'

/** Whoever has asked for no work for so long, and has none, works no more: others have more use for its buckets. */
const RESTED_MS = 6_000

interface Deps {
  readonly sql: Sql
  readonly id: string
  readonly seats: Seats
  readonly leasing: Leasing
  readonly asks: Asks
  readonly flights: Flights
  readonly pace: Clock
  now(): number
}

/**
 * What a process knows of its buckets. It hears of rows from looks, from what it admits itself and from what it had wrong, and of
 * buckets from its beats. It runs ahead of what is written: where the rows say otherwise it is put right, and after a failure it is
 * read anew.
 */
export class Memory {
  readonly looks = new Looks()
  readonly #deps: Deps
  readonly #arrivals: Arrivals
  readonly #unheard: Unheard
  readonly #births: Births
  readonly #newcomers: Newcomers
  readonly #wrong = new Wrong()
  #book = new Book()
  #holds: readonly Hold[] = []
  #beatAt = 0

  constructor(deps: Deps) {
    this.#deps = deps
    this.#arrivals = new Arrivals(deps.sql)
    const parts = { ...deps, arrivals: this.#arrivals, looks: this.looks }
    const awaited = (ref: Ref, row: QueueRow) => deps.flights.has(ref) || this.#births.awaits(ref, row)
    this.#unheard = new Unheard({ ...parts, awaited })
    this.#births = new Births({ ...parts, unheard: this.#unheard })
    this.#newcomers = new Newcomers({ ...parts, births: this.#births })
  }

  get book(): Book {
    return this.#book
  }

  /** Something came that is not in the book yet. */
  get news(): boolean {
    return this.looks.stirred || this.#newcomers.some
  }

  /** Rows know better, and have not been asked yet. */
  get mistaken(): boolean {
    return this.#wrong.all.length > 0
  }

  /** When it says next that it lives. */
  get beatAt(): number {
    return this.#beatAt
  }

  /** Looks tell of some buckets. */
  get follows(): boolean {
    return this.#arrivals.buckets.length > 0
  }

  /** As the last look told it. */
  get controlsVersion(): string | null {
    return this.#arrivals.controlsVersion
  }

  /** The next turn begins with a beat. */
  beatSoon(): void {
    this.#beatAt = 0
  }

  /** These are about to be recorded: what of them can be leased at once. */
  expect(events: readonly Envelope[]): Expected | null {
    return this.#newcomers.expect(this.#book, events, this.#deps.now())
  }

  /** These were admitted here. `look`: there is more to hear of than it was told; `turn`: the next turn tells the book of some. */
  came(newcomers: readonly Newcomer[], admission: Admission): 'look' | 'turn' | null {
    const { rows, look } = this.#newcomers.came(newcomers, admission, this.#book)
    this.#takeIn(rows)
    if (look) return 'look'
    return this.#newcomers.some ? 'turn' : null
  }

  hold(holds: readonly Hold[]): void {
    this.#holds = holds
    this.#book.hold(holds, this.#deps.now())
  }

  /**
   * Hears of all there is. `hasty`: somebody is told what there is now. `closing`: what nobody will ask for any more is not read from
   * a server that may be away.
   */
  async hear({ hasty, closing }: { hasty: boolean; closing: boolean }): Promise<void> {
    const { pace, seats, now } = this.#deps
    if (pace.now() >= this.#beatAt && seats.works) await this.#beat()
    if (this.looks.due(pace.now(), hasty && this.#book.lanes.counts.ready === 0)) await this.#look()
    await this.putRight()
    if (this.#unheard.some && !closing) await this.#unheard.find()
    this.#takeIn(this.#newcomers.tell())
    this.#book.lanes.due(now())
  }

  async #beat(): Promise<void> {
    const { seats, pace, leasing } = this.#deps
    if (leasing.rested(pace.now()) >= RESTED_MS) seats.works = false
    const { works } = seats
    const { lost, taken, restMs } = await seats.beat(this.counts(), pace.now())
    for (const bucket of [...lost, ...taken]) this.#births.untell(bucket)
    for (const bucket of lost) {
      this.#arrivals.unfollow(bucket)
      this.#book.leave(bucket)
      this.#unheard.lost(bucket)
    }
    for (const bucket of taken) this.#arrivals.follow(bucket)
    if (seats.worn) await seats.refill()
    this.#beatAt = taken.length > 0 || seats.works !== works ? 0 : pace.now() + restMs
    if (taken.length > 0) {
      await this.#look()
      await this.#beat()
    }
  }

  async #look(): Promise<void> {
    this.looks.begin(this.#deps.pace.now())
    if (!this.follows) return this.looks.end(false)
    const { rows, changed } = await this.#arrivals.look()
    this.looks.end(rows.length > 0)
    this.#book.forget(changed)
    this.#takeIn(rows)
  }

  #takeIn(rows: News['rows']): void {
    const { leasing, now } = this.#deps
    const at = now()
    for (const [ref, row] of rows)
      if (!this.#births.hides(ref, row)) this.#book.take(ref, row, at, (one, live) => leasing.whose(one, live))
  }

  /** The rows have refused what it thought of these, or nobody knows what they say. */
  mistook(refs: readonly Ref[]): void {
    this.#wrong.add(refs)
  }

  /** What is known of these events is read anew. A bucket that was lost is noticed by the next beat. */
  async putRight(refs = this.#wrong.all): Promise<void> {
    if (refs.length === 0) return
    this.#beatAt = 0
    this.#book.forget(refs)
    const rows = await this.#wrong.read(refs, (refs) => this.#arrivals.reread(refs))
    const [ours, others] = partition(rows, ([, { bucket }]) => this.#deps.seats.owns(bucket))
    this.#takeIn(ours)
    this.#unheard.giveBack(others)
  }

  /** Nothing is under way any more: all is read anew. */
  again(): void {
    this.#arrivals.again()
    this.#book = Book.after(this.#book, this.#holds, this.#deps.now())
    this.#births.anew(this.#book)
    this.looks.stirred = true
    this.#beatAt = 0
  }

  counts(): Backlog {
    return this.#book.counts(this.#deps.now())
  }
}
