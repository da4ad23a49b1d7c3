import { breath, type Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import type { Envelope } from '../../core/event.ts'
import type { Logger } from '../../core/service.ts'
import type { Backlog, Hold, Ref, Want, Work } from '../store.ts'
import type { Newcomer } from './admit.ts'
import { Alarm } from './alarm.ts'
import { Asks } from './asks.ts'
import { Births, type Expected } from './births.ts'
import { Book } from './book.ts'
import { Draft } from './draft.ts'
import type { Sql } from './driver.ts'
import { elsewhere } from './elsewhere.ts'
import { Ends } from './expiry.ts'
import { type Asked, type Flight, Flights } from './flights.ts'
import { type Command, Hand } from './hand.ts'
import { Leasing, partition } from './leasing.ts'
import { Looks } from './looks.ts'
import { type Admission, Newcomers } from './newcomers.ts'
import { Arrivals, type News, type QueueRow } from './news.ts'
import type { Seats } from './seats.ts'
import { troubled } from './trouble.ts'
import { Unheard } from './unheard.ts'
import { Wrong } from './wrong.ts'

export interface DeskOptions {
  readonly sql: Sql
  readonly id: string
  readonly seats: Seats
  readonly log: Logger
  /** Instants of events. */
  readonly clock: Clock
  /** When to look and to say that we live, whatever the events' clock does. */
  readonly pace: Clock
  now(): number
}

const AFTER_FAILURE_MS = 250

/**
 * Where a process works its buckets. One turn after another: hears what is new, ends what ran out, applies what was asked, leases,
 * and sends all of it off in one statement; what was asked meanwhile goes into the next. Memory runs ahead of the write; where the
 * rows say otherwise it is put right, and after a failure it is read anew.
 */
export class Desk {
  readonly #options: DeskOptions
  readonly #arrivals: Arrivals
  readonly #leasing: Leasing
  readonly #ends: Ends
  #book = new Book()
  #holds: readonly Hold[] = []
  readonly #doubts = new Set<Ref>()
  readonly #flights = new Flights()
  readonly #asks: Asks
  readonly #alarm: Alarm
  readonly #wrong = new Wrong()
  #failure: Error | null = null
  /** Lanes have become free. */
  #freed = false
  #turning: Promise<void> | null = null
  readonly #looks = new Looks()
  readonly #unheard: Unheard
  readonly #births: Births
  readonly #newcomers: Newcomers
  #beatAt = 0
  /** What nobody will ask for any more is not read from a server that may be away. */
  #closing = false
  #closed = false

  constructor(options: DeskOptions) {
    this.#options = options
    this.#arrivals = new Arrivals(options.sql)
    this.#leasing = new Leasing(options)
    this.#ends = new Ends({ ...options, leasing: this.#leasing })
    this.#asks = new Asks(this.#flights, this.#leasing)
    this.#alarm = new Alarm(options)
    const parts = { ...options, leasing: this.#leasing, arrivals: this.#arrivals, looks: this.#looks }
    const awaited = (ref: Ref, row: QueueRow) => this.#flights.has(ref) || this.#births.awaits(ref, row)
    this.#unheard = new Unheard({ ...parts, asks: this.#asks, awaited })
    this.#births = new Births({ ...parts, unheard: this.#unheard })
    this.#newcomers = new Newcomers({ ...parts, births: this.#births })
  }

  get book(): Book {
    return this.#book
  }

  ask<V>(command: Command): Promise<V> {
    if (this.#closed) return Promise.reject(failure('store_closed'))
    const answer = this.#asks.add<V>(command)
    this.#go()
    return answer
  }

  lease(want: Want, signal?: AbortSignal): Promise<readonly Work[]> {
    if (this.#closed) return Promise.reject(failure('store_closed'))
    if (!this.#options.seats.works) this.#beatAt = 0
    this.#options.seats.works = true
    this.#go()
    return this.#leasing.ask(want, this.#options.now(), signal)
  }

  /** Something came elsewhere, or into buckets that are not ours alone. */
  stir(): void {
    this.#looks.stirred = true
    if (this.#options.seats.holdings.length > 0) this.#go()
  }

  /** These are about to be recorded: what of them can be leased at once. */
  expect(events: readonly Envelope[]): Expected | null {
    return this.#failure ? null : this.#newcomers.expect(this.#book, events, this.#options.now())
  }

  /** These were admitted here. */
  came(newcomers: readonly Newcomer[], admission: Admission): void {
    const { rows, look } = this.#newcomers.came(newcomers, admission, this.#book)
    this.#takeIn(rows)
    if (look) this.stir()
    else if (this.#newcomers.some) this.#go()
  }

  /** Resolves when a look has told what there was by now. */
  lookNow(): Promise<void> {
    this.stir()
    return this.ask({ kind: 'look' })
  }

  /** Of this moment; null where there is nothing to look at. */
  async controlsVersion(): Promise<string | null> {
    if (this.#arrivals.buckets.length === 0) return null
    await this.lookNow()
    return this.#arrivals.controlsVersion
  }

  /** Its buckets were taken from it. */
  async renounce(): Promise<void> {
    this.#beatAt = 0
    this.stir()
    if (this.#options.seats.works) await this.ask({ kind: 'look' })
  }

  /** Somebody may have written it in a transaction of his own. */
  doubt(ref: Ref): void {
    this.#doubts.add(ref)
  }

  hold(holds: readonly Hold[]): void {
    this.#holds = holds
    this.#book.hold(holds, this.#options.now())
    this.#go()
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#still()
    if (this.#asks.some) await this.#turn().catch(() => {})
    await this.#still()
    this.#closed = true
    this.#alarm.off()
    this.#asks.end(failure('store_closed'))
    this.#leasing.end()
  }

  /** Resolves when nothing is under way. */
  async #still(): Promise<void> {
    while (this.#turning || this.#flights.some) await (this.#turning ?? this.#flights.next())
  }

  #go(): void {
    if (this.#closed || this.#turning) return
    this.#turning = this.#turns().finally(() => {
      this.#turning = null
      this.#rest()
    })
  }

  /** Unless somebody has asked meanwhile. */
  #rest(): void {
    return this.#hasMore ? this.#go() : this.#plan()
  }

  async #turns(): Promise<void> {
    // What is asked in the same breath goes into the same turn.
    await breath()
    do await this.#turn()
    while (this.#hasMore)
  }

  get #hasMore(): boolean {
    if (this.#closed) return false
    if (this.#failure || this.#asks.clear || (this.#wrong.all.length > 0 && !this.#closing)) return true
    const news = this.#looks.stirred || this.#newcomers.some || this.#freed
    return this.#leasing.hasNew || (news && this.#leasing.waits)
  }

  async #turn(): Promise<void> {
    await this.#flights.ready(this.#options.pace)
    while (this.#failure && this.#flights.some) await this.#flights.next()
    if (this.#failure) return this.#recover(this.#failure)
    const { pace, now } = this.#options
    const asked = this.#asks.takeClear()
    const hasty = this.#leasing.hear(this.#looks.patientMs)
    this.#freed = false
    try {
      if (pace.now() >= this.#beatAt && this.#options.seats.works) await this.#beat()
      if (this.#looks.due(pace.now(), hasty && this.#book.lanes.counts.ready === 0)) await this.#look()
      await this.#putRight()
      if (this.#unheard.some && !this.#closing) await this.#unheard.find()
      this.#takeIn(this.#newcomers.tell())
      this.#book.lanes.due(now())
      await this.#write(asked)
    } catch (error) {
      this.#failure = troubled(this.#options.log, error)
      this.#asks.again(asked, this.#failure, this.#closed)
    }
  }

  async #beat(): Promise<void> {
    const { seats, pace } = this.#options
    const { lost, taken, restMs } = await seats.beat(this.counts(), pace.now())
    for (const bucket of [...lost, ...taken]) this.#births.untell(bucket)
    for (const bucket of lost) {
      this.#arrivals.unfollow(bucket)
      this.#book.leave(bucket)
      this.#unheard.lost(bucket)
    }
    for (const bucket of taken) this.#arrivals.follow(bucket)
    if (seats.worn) await seats.refill()
    this.#beatAt = taken.length > 0 ? 0 : pace.now() + restMs
    if (taken.length > 0) {
      await this.#look()
      await this.#beat()
    }
  }

  async #look(): Promise<void> {
    this.#looks.begin(this.#options.pace.now())
    if (this.#arrivals.buckets.length === 0) return this.#looks.end(false)
    const { rows, changed } = await this.#arrivals.look()
    this.#looks.end(rows.length > 0)
    this.#book.forget(changed)
    this.#takeIn(rows)
  }

  #takeIn(rows: News['rows']): void {
    const now = this.#options.now()
    for (const [ref, row] of rows)
      if (!this.#births.hides(ref, row)) this.#book.take(ref, row, now, (one, live) => this.#leasing.whose(one, live))
  }

  /** Decides, and sends the decisions off. */
  async #write(asked: readonly Asked[]): Promise<void> {
    await this.#putRight(await this.#ends.write(this.#book))
    const draft = new Draft()
    const others = await elsewhere({ sql: this.#options.sql, book: this.#book, doubts: this.#doubts }, asked)
    const now = this.#options.now()
    const hands = asked.map(() => new Hand(this.#book, draft, others, now, (lease) => this.#leasing.ended(lease)))
    const values = asked.map(({ command }, i) => hands[i]!.apply(command))
    const grants = await this.#leasing.fill(this.#book, draft)
    const answers = asked.map((one, i) => ({ asked: one, refs: hands[i]!.refs, value: values[i] }))
    const flight = { book: this.#book, draft, answers, grants, lanes: hands.flatMap(({ lanes }) => lanes) }
    if (draft.empty) return this.#arrived(flight, new Set())
    this.#flights.begin(flight)
    void this.#fly(flight)
  }

  async #fly(flight: Flight): Promise<void> {
    try {
      const written = await flight.draft.write(this.#options.sql.rows, this.#options.seats.holdings)
      this.#flights.end(flight)
      this.#arrived(flight, written)
    } catch (error) {
      const failed = troubled(this.#options.log, error)
      this.#flights.end(flight)
      // Nobody knows what of it was written. Where that cannot be read either, all is read anew.
      this.#wrong.add(flight.draft.changes.map(({ ref }) => ref))
      this.#leasing.lost(flight.grants, failed)
      const asked = flight.answers.map(({ asked }) => asked)
      this.#asks.again(asked, failed, this.#closed)
    }
    this.#freed = true
    if (!this.#turning) this.#rest()
  }

  #arrived({ draft, answers, grants }: Flight, written: ReadonlySet<Ref>): void {
    const refused = draft.changes.filter(({ ref }) => !written.has(ref)).map(({ ref }) => ref)
    this.#leasing.forget(refused)
    this.#wrong.add(refused)
    for (const { asked, refs, value } of answers)
      this.#asks.answer(asked, value, !refs.every((ref) => written.has(ref)))
    this.#leasing.deliver(grants, written)
  }

  /** The rows knew better: what is known of these events is read anew. A bucket that was lost is noticed by the next beat. */
  async #putRight(refs = this.#wrong.all): Promise<void> {
    if (refs.length === 0) return
    this.#beatAt = 0
    this.#book.forget(refs)
    const rows = await this.#wrong.read(refs, (refs) => this.#arrivals.reread(refs))
    const [ours, others] = partition(rows, ([, { bucket }]) => this.#options.seats.owns(bucket))
    this.#takeIn(ours)
    this.#unheard.giveBack(others)
  }

  /** Nothing is under way any more: all is read anew. */
  async #recover(failed: Error): Promise<void> {
    this.#failure = null
    this.#arrivals.again()
    this.#book = Book.after(this.#book, this.#holds, this.#options.now())
    this.#births.anew(this.#book)
    this.#looks.stirred = true
    this.#beatAt = 0
    this.#leasing.failed(failed)
    await new Promise<void>((resolve) => this.#options.pace.after(AFTER_FAILURE_MS, resolve))
  }

  counts(): Backlog {
    return this.#book.counts(this.#options.now())
  }

  /** Sleeps until something falls due. */
  #plan(): void {
    this.#alarm.off()
    const { now, seats } = this.#options
    if (this.#closed || !seats.works) return
    const { waits } = this.#leasing
    const { dueAt, againAt } = this.#ends.nextAt(this.#book)
    const due = Math.min(dueAt, waits ? this.#leasing.nextAt(this.#book) : Number.POSITIVE_INFINITY)
    const at = Math.min(this.#beatAt, againAt, waits ? this.#looks.nextAt : Number.POSITIVE_INFINITY)
    this.#alarm.set({ dueInMs: due - now(), at }, () => this.#go())
  }
}
