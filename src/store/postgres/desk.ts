import { breath, type Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import type { Envelope } from '../../core/event.ts'
import type { Logger } from '../../core/service.ts'
import type { Backlog, Hold, Ref, Want, Work } from '../store.ts'
import type { Newcomer } from './admit.ts'
import { Alarm } from './alarm.ts'
import { Asks } from './asks.ts'
import type { Expected } from './births.ts'
import type { Book } from './book.ts'
import { Draft } from './draft.ts'
import type { Sql } from './driver.ts'
import { elsewhere } from './elsewhere.ts'
import { Ends } from './expiry.ts'
import { type Asked, type Flight, Flights } from './flights.ts'
import { type Command, Hand } from './hand.ts'
import { Leasing } from './leasing.ts'
import { Memory } from './memory.ts'
import type { Admission } from './newcomers.ts'
import type { Seats } from './seats.ts'
import { troubled } from './trouble.ts'

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
 * and sends all of it off in one statement; what was asked meanwhile goes into the next.
 */
export class Desk {
  readonly #options: DeskOptions
  readonly #leasing: Leasing
  readonly #ends: Ends
  readonly #memory: Memory
  readonly #doubts = new Set<Ref>()
  readonly #flights = new Flights()
  readonly #asks: Asks
  readonly #alarm: Alarm
  #failure: Error | null = null
  /** Lanes have become free. */
  #freed = false
  #turning: Promise<void> | null = null
  /** What nobody will ask for any more is not read from a server that may be away. */
  #closing = false
  #closed = false

  constructor(options: DeskOptions) {
    this.#options = options
    this.#leasing = new Leasing(options)
    this.#ends = new Ends({ ...options, leasing: this.#leasing })
    this.#asks = new Asks(this.#flights, this.#leasing)
    this.#alarm = new Alarm(options)
    this.#memory = new Memory({ ...options, leasing: this.#leasing, asks: this.#asks, flights: this.#flights })
  }

  get book(): Book {
    return this.#memory.book
  }

  ask<V>(command: Command): Promise<V> {
    if (this.#closed) return Promise.reject(failure('store_closed'))
    const answer = this.#asks.add<V>(command)
    this.#go()
    return answer
  }

  lease(want: Want, signal?: AbortSignal): Promise<readonly Work[]> {
    if (this.#closed) return Promise.reject(failure('store_closed'))
    if (!this.#options.seats.works) this.#memory.beatSoon()
    this.#options.seats.works = true
    this.#go()
    return this.#leasing.ask(want, this.#options.now(), signal)
  }

  /** Something came elsewhere, or into buckets that are not ours alone. */
  stir(): void {
    this.#memory.looks.stirred = true
    if (this.#options.seats.holdings.length > 0) this.#go()
  }

  /** These are about to be recorded: what of them can be leased at once. */
  expect(events: readonly Envelope[]): Expected | null {
    return this.#failure ? null : this.#memory.expect(events)
  }

  /** These were admitted here. */
  came(newcomers: readonly Newcomer[], admission: Admission): void {
    const next = this.#memory.came(newcomers, admission)
    if (next === 'look') this.stir()
    else if (next === 'turn') this.#go()
  }

  /** Resolves when a look has told what there was by now. */
  lookNow(): Promise<void> {
    this.stir()
    return this.ask({ kind: 'look' })
  }

  /** Of this moment; null where there is nothing to look at. */
  async controlsVersion(): Promise<string | null> {
    if (!this.#memory.follows) return null
    await this.lookNow()
    return this.#memory.controlsVersion
  }

  /** Its buckets were taken from it. */
  async renounce(): Promise<void> {
    this.#memory.beatSoon()
    this.stir()
    if (this.#options.seats.works) await this.ask({ kind: 'look' })
  }

  /** Somebody may have written it in a transaction of his own. */
  doubt(ref: Ref): void {
    this.#doubts.add(ref)
  }

  hold(holds: readonly Hold[]): void {
    this.#memory.hold(holds)
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
    if (this.#failure || this.#asks.clear || (this.#memory.mistaken && !this.#closing)) return true
    const news = this.#memory.news || this.#freed
    return this.#leasing.hasNew || (news && this.#leasing.waits)
  }

  async #turn(): Promise<void> {
    await this.#flights.ready(this.#options.pace)
    while (this.#failure && this.#flights.some) await this.#flights.next()
    if (this.#failure) return this.#recover(this.#failure)
    const asked = this.#asks.takeClear()
    const hasty = this.#leasing.hear(this.#memory.looks.patientMs)
    this.#freed = false
    try {
      await this.#memory.hear({ hasty, closing: this.#closing })
      await this.#write(asked)
    } catch (error) {
      this.#failure = troubled(this.#options.log, error)
      this.#asks.again(asked, this.#failure, this.#closed)
    }
  }

  /** Decides, and sends the decisions off. */
  async #write(asked: readonly Asked[]): Promise<void> {
    const { book } = this.#memory
    await this.#memory.putRight(await this.#ends.write(book))
    const draft = new Draft()
    const others = await elsewhere({ sql: this.#options.sql, book, doubts: this.#doubts }, asked)
    const now = this.#options.now()
    const hands = asked.map(() => new Hand(book, draft, others, now, (lease) => this.#leasing.ended(lease)))
    const values = asked.map(({ command }, i) => hands[i]!.apply(command))
    const grants = await this.#leasing.fill(book, draft)
    const answers = asked.map((one, i) => ({ asked: one, refs: hands[i]!.refs, value: values[i] }))
    const flight = { book, draft, answers, grants, lanes: hands.flatMap(({ lanes }) => lanes) }
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
      this.#memory.mistook(flight.draft.changes.map(({ ref }) => ref))
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
    this.#memory.mistook(refused)
    for (const { asked, refs, value } of answers)
      this.#asks.answer(asked, value, !refs.every((ref) => written.has(ref)))
    this.#leasing.deliver(grants, written)
  }

  /** Nothing is under way any more: all is read anew. */
  async #recover(failed: Error): Promise<void> {
    this.#failure = null
    this.#memory.again()
    this.#leasing.failed(failed)
    await new Promise<void>((resolve) => this.#options.pace.after(AFTER_FAILURE_MS, resolve))
  }

  counts(): Backlog {
    return this.#memory.counts()
  }

  /** Sleeps until something falls due. */
  #plan(): void {
    this.#alarm.off()
    const { now, seats } = this.#options
    if (this.#closed || !seats.works) return
    const { waits } = this.#leasing
    const { dueAt, againAt } = this.#ends.nextAt(this.#memory.book)
    const due = Math.min(dueAt, waits ? this.#leasing.nextAt(this.#memory.book) : Number.POSITIVE_INFINITY)
    const at = Math.min(this.#memory.beatAt, againAt, waits ? this.#memory.looks.nextAt : Number.POSITIVE_INFINITY)
    this.#alarm.set({ dueInMs: due - now(), at }, () => this.#go())
  }
}
