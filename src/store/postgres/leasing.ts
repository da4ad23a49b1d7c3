import type { Clock } from '../../core/clock.ts'
import { KIND } from '../codes.ts'
import { hash53 } from '../hash.ts'
import { Plan } from '../plan.ts'
import type { Slot } from '../scheduler.ts'
import type { Leased, Ref, Want, Work } from '../store.ts'
import { lease } from '../transitions.ts'
import type { Book } from './book.ts'
import type { Draft } from './draft.ts'
import type { Sql } from './driver.ts'
import { type Facts, factsOf } from './facts.ts'
import type { News } from './news.ts'
import { Recent } from './recent.ts'
import { placeOf } from './refs.ts'
import { type Live, liveOf, newborn } from './rows.ts'
import type { Seats } from './seats.ts'
import { tenantText } from './tenants.ts'

interface Call {
  readonly want: Want
  readonly untilAt: number
  /** The turn it is served in: the first that began after it. */
  heard: boolean
  /** Called off. */
  over: boolean
  resolve(work: readonly Work[]): void
  reject(error: unknown): void
}

/** A call, and what it has room for. */
export interface Claim {
  readonly call: Call
  readonly plan: Plan
}

/** What a call gets once it is written. */
export interface Grant {
  readonly call: Call
  readonly works: readonly Work[]
}

interface Deps {
  readonly sql: Sql
  readonly id: string
  readonly seats: Seats
  /** Of the process. */
  readonly pace: Clock
  now(): number
}

interface Chosen {
  readonly call: Call
  readonly plan: Plan
  readonly slot: Slot
  readonly ref: Ref
  readonly fence: number
}

/** Workers of this process that ask for work. */
export class Leasing {
  readonly recent = new Recent()
  readonly #deps: Deps
  #calls: Call[] = []
  #askedAt = Number.NEGATIVE_INFINITY
  /** Leases that reached a worker of this process, by fence. */
  readonly #delivered = new Map<Ref, number>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get waits(): boolean {
    return this.#calls.length > 0
  }

  get hasNew(): boolean {
    return this.#calls.some(({ heard }) => !heard)
  }

  ask(want: Want, now: number, signal?: AbortSignal): Promise<readonly Work[]> {
    if (signal?.aborted) return Promise.resolve([])
    this.#askedAt = this.#deps.pace.now()
    return new Promise((resolve, reject) => {
      const call: Call = { want, untilAt: now + want.waitMs, heard: false, over: false, resolve, reject }
      this.#calls.push(call)
      // What is being leased to it just now is delivered all the same.
      const callOff = () => {
        call.over = true
        if (this.#calls.includes(call)) this.#answer(call, [])
      }
      signal?.addEventListener('abort', callOff, { once: true })
    })
  }

  /** For how long nobody has asked for work, nor had any; 0: somebody waits or works. */
  rested(now: number): number {
    return this.waits || this.#delivered.size > 0 ? 0 : now - this.#askedAt
  }

  /** A turn begins: it serves who has asked by now. Does one of them not wait that long? */
  hear(lookMs: number): boolean {
    const hasty = this.#calls.some(({ heard, want }) => !heard && want.waitMs < lookMs)
    for (const call of this.#calls) call.heard = true
    return hasty
  }

  delivered(ref: Ref, fence: number): boolean {
    return this.#delivered.get(ref) === fence
  }

  /** Is a lease that a row tells of still somebody's? */
  whose(ref: Ref, { holder, row }: Live): 'ours' | 'theirs' | 'nobody' {
    const { id, seats } = this.#deps
    if (holder === id) return this.delivered(ref, row.fence) ? 'ours' : 'nobody'
    return seats.lives(holder) ? 'theirs' : 'nobody'
  }

  /** Of these rows, leases of ours that reached nobody. */
  unheard(rows: News['rows']): readonly Leased[] {
    return rows.flatMap(([ref, { touched }]) => {
      if (!touched || touched.holder !== this.#deps.id || this.delivered(ref, touched.fence)) return []
      return liveOf(touched).row.state === 'running' ? [{ ref, fence: touched.fence }] : []
    })
  }

  /** They are their workers', unless a later lease of the same event is; also where nobody knows whether their end was written. */
  goOn(works: readonly Leased[]): void {
    for (const { ref, fence } of works) if (fence > (this.#delivered.get(ref) ?? 0)) this.#delivered.set(ref, fence)
  }

  /** That lease is over; a later one of the same event goes on. */
  ended({ ref, fence }: Leased): void {
    if (this.delivered(ref, fence)) this.#delivered.delete(ref)
  }

  forget(refs: readonly Ref[]): void {
    for (const ref of refs) this.#delivered.delete(ref)
  }

  /** A worker that waits, for what is just being recorded: no turn serves it until `grant` or `back`. */
  claim(book: Book, now: number): Claim | null {
    const call = this.#calls.find(({ want }) => want.waitMs > 0 && !book.worker(want.worker).alone)
    if (!call) return null
    this.#drop(call)
    return { call, plan: new Plan(book.types, call.want, false, now) }
  }

  /** What was recorded for it. */
  grant(claim: Claim, works: readonly Work[]): void {
    this.goOn(works)
    if (works.length > 0) claim.call.resolve(works)
    else this.back(claim)
  }

  /** It got nothing and waits on. */
  back({ call }: Pick<Claim, 'call'>): void {
    if (call.over) return call.resolve([])
    call.heard = false
    this.#calls.push(call)
  }

  /** Heads of free lanes for whoever asked, drafted. */
  async fill(book: Book, draft: Draft): Promise<readonly Grant[]> {
    const now = this.#deps.now()
    const chosen = this.#calls
      .filter(({ heard }) => heard)
      .map((call) => ({ call, chosen: this.#choose(book, call, now) }))
    const facts = await factsOf(this.#deps.sql, {
      book,
      recent: this.recent,
      refs: chosen.flatMap(({ chosen }) => chosen.map(({ ref }) => ref)),
    })
    const [wanted, calledOff] = partition(chosen, ({ call }) => this.#calls.includes(call))
    for (const { slot } of calledOff.flatMap(({ chosen }) => chosen)) book.lanes.again(slot, ready(now), now)
    const grants = wanted.map(({ call, chosen }) => ({
      call,
      works: chosen.flatMap((one) => this.#grant(book, draft, one, facts.get(one.ref))),
    }))
    const taken = grants.filter(({ call, works }) => works.length > 0 || now >= call.untilAt)
    // From here on their leases are on the way: calling off is too late.
    this.#calls = this.#calls.filter((call) => !taken.some((grant) => grant.call === call))
    return taken
  }

  /** Hands over what was written. */
  deliver(grants: readonly Grant[], written: ReadonlySet<Ref>): void {
    for (const { call, works } of grants) {
      const got = works.filter(({ ref }) => written.has(ref))
      this.goOn(got)
      // Whoever got nothing after all goes on waiting.
      if (got.length === 0 && works.length > 0 && this.#deps.now() < call.untilAt) this.back({ call })
      else call.resolve(got)
    }
  }

  /** When there may be something to give them, or one of them gives up. */
  nextAt(book: Book): number {
    return Math.min(book.lanes.nextDueAt(), ...this.#calls.map(({ untilAt }) => untilAt))
  }

  /** The write of these grants came to nothing. */
  lost(grants: readonly Grant[], error: Error): void {
    for (const { call } of grants) call.reject(error)
  }

  /** Who has waited his time is told why. */
  failed(error: Error): void {
    const now = this.#deps.now()
    for (const call of this.#calls.filter(({ untilAt }) => now >= untilAt)) {
      this.#drop(call)
      call.reject(error)
    }
  }

  end(): void {
    for (const call of [...this.#calls]) this.#answer(call, [])
  }

  #answer(call: Call, works: readonly Work[]): void {
    this.#drop(call)
    call.resolve(works)
  }

  #drop(call: Call): void {
    this.#calls = this.#calls.filter((other) => other !== call)
  }

  #choose(book: Book, call: Call, now: number): Chosen[] {
    const worker = book.worker(call.want.worker)
    if (worker.alone) return []
    const plan = new Plan(book.types, call.want, worker.running === 0, now)
    return book.lanes.take(plan).flatMap((slot) => {
      const ref = book.lanes.ref(slot)
      const fence = this.#deps.seats.fence(placeOf(ref).bucket)
      if (fence !== null) return [{ call, plan, slot, ref, fence }]
      // None left in hand: the next beat brings more.
      book.lanes.again(slot, ready(now), now)
      return []
    })
  }

  #grant(book: Book, draft: Draft, { call, plan, slot, ref, fence }: Chosen, facts: Facts | undefined): Work[] {
    const { want } = call
    // It has left the queue and nobody has told us yet.
    if (!facts) {
      book.lanes.drop(slot, false)
      return []
    }
    const known = book.known(ref, () => newborn(Math.min(facts.receivedAt, plan.now), false))
    const type = book.types.id(facts.event.type)
    const row = lease(known.live.row, { fence, now: plan.now, leaseMs: plan.leaseMs(type), laneBusy: false })
    if (!row) throw new Error(`the scheduler offered event ${ref}, which cannot be leased`)
    const { id } = this.#deps
    const by = { holder: id, worker: want.worker, release: want.release, leasedAt: plan.now }
    const live = { ...known.live, ...by, row, twin: facts.twinOf }
    const line = {
      ...{ ref, kind: KIND.lease, at: plan.now, fence, attempt: row.attempts, due: row.leaseEndsAt },
      ...{ worker: want.worker, release: want.release },
    }
    const rev = draft.put({ ref, rev: known.rev, live, announce: false, lease: true }, line)
    const strict = plan.strict(type)
    const lane = { key: hash53(facts.lane), tenant: book.tenants.id(tenantText(facts.event.tenant)) }
    book.start(ref, { live, rev, slot, worker: want.worker, strict, lane, ours: true })
    return [
      {
        ...{ ref, fence, strict, event: facts.event, lane: facts.lane, attempt: row.attempts, lost: row.lost },
        waitedMs: Math.max(0, plan.now - facts.receivedAt),
        laterMs: row.laterAt ? plan.now - row.laterAt : null,
        ...{ twinOf: facts.twinOf, stale: facts.stale, remembered: { ...known.live.memory } },
      },
    ]
  }
}

const ready = (now: number) => ({ dueAt: now, alone: false, blocks: false })

export function partition<V>(values: readonly V[], fits: (value: V) => boolean): [V[], V[]] {
  return [values.filter(fits), values.filter((value) => !fits(value))]
}
