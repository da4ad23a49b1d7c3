import type { Envelope } from '../../core/event.ts'
import { hash53 } from '../hash.ts'
import type { Ref, Work } from '../store.ts'
import { lease } from '../transitions.ts'
import type { Newcomer } from './admit.ts'
import type { Book, LaneKey } from './book.ts'
import type { Holding } from './draft.ts'
import type { Claim, Leasing } from './leasing.ts'
import { type Arrivals, type QueueRow, rowOf } from './news.ts'
import { bucketOf, placeOf } from './refs.ts'
import { newborn, receivedAt } from './rows.ts'
import type { Seats } from './seats.ts'
import { tenantText } from './tenants.ts'
import type { Unheard } from './unheard.ts'

/** The lease that an event is recorded with if it is the first of its object. */
export interface Birth {
  readonly bucket: number
  readonly fence: number
  readonly endsAt: number
  readonly strict: boolean
  readonly lane: LaneKey
}

/** Leases that go out with one admission. */
export interface Expected {
  readonly book: Book
  readonly claim: Claim
  readonly at: number
  readonly births: ReadonlyMap<Envelope, Birth>
  readonly holdings: readonly Holding[]
}

interface Deps {
  readonly id: string
  readonly seats: Seats
  readonly leasing: Leasing
  readonly arrivals: Arrivals
  readonly unheard: Unheard
}

interface Present {
  readonly book: Book
  readonly whole: boolean
}

type Told = readonly [Ref, QueueRow]

/**
 * Where nothing else is ready and a worker waits, an event is recorded with its lease: the same row, and one commit less before its
 * handler runs. Rows decide here too: whether it is new, the first of its object and not held, and whether its bucket is still ours.
 */
export class Births {
  readonly #deps: Deps
  /** What a look tells of them before the admission's own answer has come: kept until it has. */
  readonly #under = new Map<string, Told | null>()
  /** Admissions under way, and the book in which their lanes wait for them. */
  readonly #expected = new Map<Expected, Book>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Leases for those of these events that a worker could have at once. Until they have arrived nobody else leases from their lanes. */
  expect(book: Book, events: readonly Envelope[], now: number): Expected | null {
    const { seats, leasing } = this.#deps
    if (book.passed || book.lanes.counts.ready > 0) return null
    const claim = leasing.claim(book, now)
    if (!claim) return null
    const births = new Map<Envelope, Birth>()
    for (const event of events) {
      const birth = births.size < claim.plan.max ? this.#birthOf(event, book, claim) : null
      if (!birth) continue
      births.set(event, birth)
      book.lanes.block(birth.lane.key, birth.lane.tenant)
      this.#under.set(keyOf(birth), null)
    }
    const buckets = new Set([...births.values()].map(({ bucket }) => bucket))
    const holdings = seats.holdings.filter(({ bucket }) => buckets.has(bucket))
    const expected = { book, claim, at: now, births, holdings }
    if (births.size > 0) this.#expected.set(expected, book)
    else leasing.back(claim)
    return births.size > 0 ? expected : null
  }

  /** All is told anew, into this book. */
  anew(book: Book): void {
    for (const expected of this.#expected.keys()) {
      for (const [{ tenant }, { lane }] of expected.births)
        book.lanes.block(lane.key, book.tenants.id(tenantText(tenant)))
      this.#expected.set(expected, book)
    }
    for (const key of this.#under.keys()) this.#under.set(key, null)
  }

  /** All that is in this bucket is told anew, or is another's to hear of. */
  untell(bucket: number): void {
    for (const [key, told] of this.#under) if (told && placeOf(told[0]).bucket === bucket) this.#under.set(key, null)
  }

  /** Its admission is still to answer. */
  awaits(ref: Ref, row: QueueRow): boolean {
    return this.#keyIn(ref, row) !== null
  }

  /** A look told of it, and its admission will. */
  hides(ref: Ref, row: QueueRow): boolean {
    const key = this.#keyIn(ref, row)
    if (key !== null) this.#under.set(key, [ref, row])
    return key !== null
  }

  #keyIn(ref: Ref, { touched }: QueueRow): string | null {
    if (!touched || touched.holder !== this.#deps.id) return null
    const key = keyOf({ bucket: placeOf(ref).bucket, fence: touched.fence })
    return this.#under.has(key) ? key : null
  }

  /**
   * An admission has been answered, or has failed. `book`: as it is now; `whole`: all that came with it is leased. What was leased
   * goes to the worker; gives what a look has told of the others, whose leases nobody will hear of.
   */
  arrived(expected: Expected, born: readonly Newcomer[], { book, whole }: Present): readonly Told[] {
    const { leasing, arrivals, seats, unheard } = this.#deps
    for (const { lane } of expected.births.values()) this.#expected.get(expected)!.lanes.unblock(lane.key)
    this.#expected.delete(expected)
    // What was read anew meanwhile holds them too, and has given them back.
    const kept = expected.book === book ? born : []
    arrivals.tell(kept, { whole })
    leasing.grant(
      expected.claim,
      kept.map((newcomer) => this.#begin(newcomer, expected)),
    )
    const heard = new Set(kept.map(({ birth }) => birth))
    return [...expected.births.values()].flatMap((birth) => {
      const told = this.#under.get(keyOf(birth))
      this.#under.delete(keyOf(birth))
      if (heard.has(birth)) return []
      if (!seats.owns(birth.bucket)) unheard.lost(birth.bucket)
      return told ? [told] : []
    })
  }

  #birthOf(event: Envelope, book: Book, { plan }: Claim): Birth | null {
    const { lane, tenant, type } = event
    if (event.as !== 'work' || book.holds.why({ type, lane, tenant }) !== null) return null
    const key = hash53(lane)
    const id = book.types.id(type)
    if (!book.lanes.vacant(key) || plan.room(id) <= 0) return null
    const bucket = bucketOf(lane)
    // Something older may wait in its lane.
    if (!this.#deps.arrivals.knows(bucket)) return null
    const fence = this.#deps.seats.fence(bucket)
    if (fence === null) return null
    plan.taken(id)
    const of = { key, tenant: book.tenants.id(tenantText(tenant)) }
    return { bucket, fence, endsAt: plan.now + plan.leaseMs(id), strict: plan.strict(id), lane: of }
  }

  #begin(newcomer: Newcomer, { book, claim, at }: Expected): Work {
    const { ref, event, lane, arrived } = newcomer
    const { fence, endsAt, strict, lane: key, bucket } = newcomer.birth!
    const { worker, release } = claim.call.want
    const row = lease(newborn(at, false).row, { fence, now: at, leaseMs: endsAt - at, laneBusy: false })!
    const live = { ...newborn(at, false), row, holder: this.#deps.id, worker, release, leasedAt: at }
    // Who has lost the bucket has its lease all the same: it was ours when it was written.
    if (this.#deps.seats.owns(bucket))
      book.bear(ref, rowOf(newcomer), { live, rev: 1, worker, strict, lane: key, ours: true }, at)
    return {
      ...{ ref, fence, strict, event, lane, attempt: row.attempts, lost: 0, laterMs: null },
      ...{ waitedMs: Math.max(0, at - receivedAt({ arrived })), twinOf: null, stale: false, remembered: {} },
    }
  }
}

const keyOf = ({ bucket, fence }: { bucket: number; fence: number }): string => `${bucket}/${fence}`
