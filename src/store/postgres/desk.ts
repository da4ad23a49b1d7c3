import type { Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import type { Logger } from '../../core/service.ts'
import type { Hold, Ref, Want, Work } from '../store.ts'
import type { Newcomer } from './admit.ts'
import { type After, givenBack, lost } from './attempts.ts'
import { Book } from './book.ts'
import { Draft } from './draft.ts'
import type { Sql } from './driver.ts'
import { type Command, Hand, refsOf } from './hand.ts'
import { Leasing } from './leasing.ts'
import { Arrivals } from './news.ts'
import { placeOf } from './refs.ts'
import { type Known, type Live, readKnown } from './rows.ts'
import type { Seats } from './seats.ts'

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

interface Asked {
  readonly command: Command
  resolve(value: never): void
  reject(error: unknown): void
  tries: number
}

const BEAT_MS = 2_000
const HUNGRY_MS = 250
/** Without a word from anybody we look for news this often: soon after something came, then less and less. */
const LOOK_MIN_MS = 20
const LOOK_MAX_MS = 1_000
const TRIES_MAX = 4
const AFTER_FAILURE_MS = 250

/**
 * Where a process works its buckets. One turn after another: hears what is new, ends what ran out, applies what was asked, leases,
 * and writes all of it in one statement; what was asked meanwhile goes into the next. Memory runs ahead of the write; where the
 * rows say otherwise it is put right, and after a failure it is read anew.
 */
export class Desk {
  readonly #options: DeskOptions
  readonly #arrivals: Arrivals
  readonly #leasing: Leasing
  #book = new Book()
  #holds: readonly Hold[] = []
  #asked: Asked[] = []
  readonly #doubts = new Set<Ref>()
  #turning: Promise<void> | null = null
  #dirty = false
  #lookMs = LOOK_MIN_MS
  #lookedAt = 0
  #beatAt = 0
  #closed = false
  #wake = () => {}
  #wakeDue = () => {}

  constructor(options: DeskOptions) {
    this.#options = options
    this.#arrivals = new Arrivals(options.sql)
    this.#leasing = new Leasing(options)
  }

  get book(): Book {
    return this.#book
  }

  ask<V>(command: Command): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      if (this.#closed) return reject(failure('store_closed'))
      this.#asked.push({ command, resolve: resolve as (value: never) => void, reject, tries: 0 })
      this.#go()
    })
  }

  lease(want: Want, signal?: AbortSignal): Promise<readonly Work[]> {
    if (this.#closed) return Promise.reject(failure('store_closed'))
    if (!this.#options.seats.works) this.#beatAt = 0
    this.#options.seats.works = true
    const granted = this.#leasing.ask(want, this.#options.now(), signal)
    this.#go()
    return granted
  }

  /** Something came, here or elsewhere. */
  stir(newcomers: readonly Newcomer[] = []): void {
    for (const newcomer of newcomers) this.#leasing.recent.add(newcomer)
    this.#dirty = true
    if (this.#options.seats.holdings.length > 0) this.#go()
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
    while (this.#turning) await this.#turning
    if (this.#asked.length > 0) await this.#turn().catch(() => {})
    this.#closed = true
    this.#wake()
    this.#wakeDue()
    for (const asked of this.#asked.splice(0)) asked.reject(failure('store_closed'))
    this.#leasing.end()
  }

  #go(): void {
    if (this.#closed || this.#turning) return
    this.#turning = this.#turns().finally(() => {
      this.#turning = null
      // Somebody may have asked between the last turn and here.
      if (this.#hasMore) this.#go()
      else this.#plan()
    })
  }

  async #turns(): Promise<void> {
    // What is asked in the same breath goes into the same turn.
    await Promise.resolve()
    do await this.#turn()
    while (this.#hasMore)
  }

  get #hasMore(): boolean {
    if (this.#closed) return false
    return this.#asked.length > 0 || this.#leasing.hasNew || (this.#dirty && this.#leasing.waits)
  }

  async #turn(): Promise<void> {
    const { pace, now } = this.#options
    const asked = this.#asked.splice(0)
    const wanted = this.#leasing.hear()
    try {
      if (pace.now() >= this.#beatAt && this.#options.seats.works) await this.#beat()
      if (this.#mayHaveNews(wanted)) await this.#look()
      this.#book.lanes.due(now())
      await this.#write(asked)
    } catch (error) {
      await this.#fail(error, asked)
    }
  }

  #mayHaveNews(wanted: boolean): boolean {
    if (this.#dirty || this.#options.pace.now() - this.#lookedAt >= this.#lookMs) return true
    return wanted && this.#book.lanes.counts.ready === 0
  }

  async #beat(): Promise<void> {
    const { seats, pace } = this.#options
    const { lost, taken, hungry } = await seats.beat(this.counts())
    for (const bucket of lost) {
      this.#arrivals.unfollow(bucket)
      this.#book.leave(bucket)
    }
    for (const bucket of taken) this.#arrivals.follow(bucket)
    if (seats.worn) await seats.refill()
    if (taken.length > 0) this.#dirty = true
    this.#beatAt = taken.length > 0 ? 0 : pace.now() + (hungry ? HUNGRY_MS : BEAT_MS)
    if (taken.length > 0) {
      await this.#look()
      await this.#beat()
    }
  }

  async #look(): Promise<void> {
    const { pace, now } = this.#options
    this.#dirty = false
    this.#lookedAt = pace.now()
    if (this.#arrivals.buckets.length === 0) return
    const { rows, changed } = await this.#arrivals.look()
    this.#lookMs = rows.length > 0 ? LOOK_MIN_MS : Math.min(LOOK_MAX_MS, this.#lookMs * 2)
    this.#book.forget(changed)
    for (const [ref, row] of rows) this.#book.take(ref, row, now(), (one, live) => this.#whose(one, live))
  }

  #whose(ref: Ref, { holder, row }: Live): 'ours' | 'theirs' | 'nobody' {
    const { id, seats } = this.#options
    if (holder === id) return this.#leasing.delivered(ref, row.fence) ? 'ours' : 'nobody'
    return seats.lives(holder) ? 'theirs' : 'nobody'
  }

  async #write(asked: readonly Asked[]): Promise<void> {
    const { sql, seats, now } = this.#options
    await this.#expire()
    const draft = new Draft()
    const elsewhere = await this.#elsewhere(asked)
    const hands = asked.map(() => new Hand(this.#book, draft, elsewhere, now(), (ref) => this.#leasing.forget([ref])))
    const values = asked.map(({ command }, i) => hands[i]!.apply(command))
    await this.#leasing.fill(this.#book, draft)
    const written = await draft.write(sql.rows, seats.holdings)
    const refused = draft.changes.filter(({ ref }) => !written.has(ref)).map(({ ref }) => ref)
    this.#leasing.forget(refused)
    await this.#putRight(refused)
    for (const [i, one] of asked.entries()) {
      if (hands[i]!.refs.some((ref) => !written.has(ref)) && one.tries++ < TRIES_MAX) this.#asked.push(one)
      else one.resolve(values[i] as never)
    }
    this.#leasing.deliver(written)
  }

  /** The rows knew better: what is known of these events is read anew. A bucket that was lost is noticed by the next beat. */
  async #putRight(refs: readonly Ref[]): Promise<void> {
    if (refs.length === 0) return
    const { now, seats } = this.#options
    this.#beatAt = 0
    this.#book.forget(new Set(refs))
    for (const [ref, row] of await this.#arrivals.reread(refs.filter((ref) => seats.owns(placeOf(ref).bucket))))
      this.#book.take(ref, row, now(), (one, live) => this.#whose(one, live))
  }

  #fresh(): Book {
    const book = new Book()
    book.passed = true
    book.hold(this.#holds, this.#options.now())
    return book
  }

  async #fail(error: unknown, asked: readonly Asked[]): Promise<void> {
    const { log, pace } = this.#options
    const failed = error instanceof Error ? error : failure('store_failed', { what: 'a broken invariant' })
    log.warn({ code: 'code' in failed ? failed.code : 'unexpected' }, failed.message)
    this.#arrivals.again()
    this.#book = this.#fresh()
    this.#dirty = true
    this.#beatAt = 0
    for (const one of asked) {
      if (one.tries++ < TRIES_MAX && !this.#closed) this.#asked.push(one)
      else one.reject(failed)
    }
    this.#leasing.failed(failed)
    await new Promise<void>((resolve) => pace.after(AFTER_FAILURE_MS, resolve))
  }

  /**
   * Written apart and first: a lease of another process may have been renewed or settled meanwhile, and then its lane is not free.
   */
  async #expire(): Promise<void> {
    const now = this.#options.now()
    const draft = new Draft()
    const ended = [...this.#book.running].flatMap(([ref, { live, rev }]) => {
      const after = this.#overOf(ref, live, now)
      if (!after) return []
      const next = draft.put({ ref, rev, live: after.live, announce: false, lease: true }, ...after.lines)
      return [{ ref, after: { ...after, rev: next } }]
    })
    const written = await draft.write(this.#options.sql.rows, this.#options.seats.holdings)
    for (const { ref, after } of ended) if (written.has(ref)) this.#book.end(ref, after.live, after, now)
    this.#leasing.forget(ended.map(({ ref }) => ref))
    await this.#putRight(ended.flatMap(({ ref }) => (written.has(ref) ? [] : [ref])))
  }

  /** A lease whose answer never reached its worker was never begun; any other that ended with its process is an attempt lost. */
  #overOf(ref: Ref, live: Live, now: number): After | null {
    const orphan = this.#book.orphans.has(ref)
    const never = orphan && live.holder === this.#options.id
    return (never ? givenBack(live, { ref, fence: live.row.fence }, 0, now) : null) ?? lost(live, ref, now, orphan)
  }

  /** Rows of what our memory does not have running: other buckets, an end that came before, or a transaction of the user's. */
  async #elsewhere(asked: readonly Asked[]): Promise<Map<Ref, Known>> {
    const refs = asked.flatMap(({ command }) => refsOf(command))
    const wanted = refs.filter((ref) => this.#doubts.has(ref) || !this.#book.running.has(ref))
    const known = await readKnown(this.#options.sql.again, [...new Set(wanted)])
    for (const { ref, live, rev } of known) {
      this.#doubts.delete(ref)
      if (!this.#book.running.has(ref)) continue
      if (rev !== null && live.row.state === 'running') this.#book.changed(ref, live, rev)
      else this.#book.forget(new Set([ref]))
    }
    return new Map(known.map((one) => [one.ref, one]))
  }

  /** What waits in our buckets. */
  counts(): { ready: number; scheduled: number; held: number; running: number; dead: number; readyOldestMs: number } {
    const now = this.#options.now()
    const { lanes, dead } = this.#book
    return { ...lanes.counts, dead, readyOldestMs: now - lanes.oldestReadyAt(now) }
  }

  /** Sleeps until something falls due: by the events' clock, or by ours. */
  #plan(): void {
    this.#wake()
    this.#wakeDue()
    const { clock, pace, now, seats } = this.#options
    if (this.#closed || !seats.works) return
    const ends = [...this.#book.running.values()].reduce(
      (first, { live }) => Math.min(first, live.row.leaseEndsAt),
      Number.POSITIVE_INFINITY,
    )
    const due = Math.min(ends, this.#leasing.waits ? this.#leasing.nextAt(this.#book) : Number.POSITIVE_INFINITY)
    if (due < Number.POSITIVE_INFINITY) this.#wakeDue = clock.after(Math.max(0, due - now()), () => this.#go())
    const look = this.#leasing.waits ? this.#lookedAt + this.#lookMs : Number.POSITIVE_INFINITY
    const at = Math.min(this.#beatAt, look)
    this.#wake = pace.after(Math.max(0, at - pace.now()), () => this.#go())
  }
}
