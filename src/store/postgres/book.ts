import { Holding as Holds } from '../holding.ts'
import { Lanes } from '../lanes.ts'
import type { Slot } from '../scheduler.ts'
import type { Backlog, Hold, Ref } from '../store.ts'
import { Names, Tenants } from './names.ts'
import type { QueueRow } from './news.ts'
import { placeOf } from './refs.ts'
import { type Live, liveOf, newborn, receivedAt } from './rows.ts'

/** An event that is not as its admission left it, and which change of it that was. */
export interface Touched {
  readonly live: Live
  readonly rev: number
}

/** A lane, as the scheduler blocks it: its hash, and whose it is. */
export interface LaneKey {
  readonly key: number
  readonly tenant: number
}

/** A lease that somebody holds on an event of our buckets. */
export interface Running extends Touched {
  readonly slot: Slot
  readonly worker: string
  readonly strict: boolean
  readonly lane: LaneKey
  /** The worker is one of this process. */
  readonly ours: boolean
}

/**
 * What the owner of some buckets keeps in memory: who waits, who runs, who is dead. It decides from this, and the queue's rows
 * say whether that was right: `rev` is the change that memory has seen.
 */
export class Book {
  readonly types = new Names()
  readonly tenants = new Tenants()
  readonly lanes = new Lanes()
  readonly holds = new Holds(this.types, this.tenants)
  readonly running = new Map<Ref, Running>()
  /** Leases that ended with their process, or whose answer never arrived: to be written as such. */
  readonly orphans = new Map<Ref, Touched>()
  readonly #touched = new Map<Ref, Touched>()
  /** Left the queue by their users' own transactions, which the next look tells once more. */
  readonly #left = new Set<Ref>()
  /** With the lane that it holds up, or null. */
  readonly #dead = new Map<Ref, number | null>()
  /** Per worker: how many leases it holds, and whether one of them has it for itself. */
  readonly #workers = new Map<string, { running: number; alone: boolean }>()
  /** Some event may have been passed by a newer one while a rule held it. */
  passed = false

  /** Empty, where there was another before it: what a rule held then may have been passed by. */
  static after(before: Book, holds: readonly Hold[], now: number): Book {
    const book = new Book()
    book.passed = before.passed
    book.hold(holds, now)
    return book
  }

  /** What waits in its buckets. */
  counts(now: number): Backlog {
    return { ...this.lanes.counts, dead: this.#dead.size, readyOldestMs: now - this.lanes.oldestReadyAt(now) }
  }

  /** A row of the queue that nothing is known of. `whose`: is that lease somebody's still? */
  take(ref: Ref, row: QueueRow, now: number, whose: (ref: Ref, live: Live) => 'ours' | 'theirs' | 'nobody'): void {
    // By the clock of who admitted it, which may be ahead of ours: it was ready then, and what came after it would go first.
    const live = row.touched ? liveOf(row.touched) : newborn(Math.min(receivedAt(row), now), row.held)
    const known = { live, rev: row.rev }
    if (row.touched) this.#touched.set(ref, known)
    if (live.row.state === 'dead') return this.#bury(ref, live, row)
    if (live.row.state === 'waiting') return void this.#add(ref, row, live, now)
    const holder = whose(ref, live)
    const waits = { ...live, row: { ...live.row, dueAt: now }, strict: false }
    const slot = this.#add(ref, row, waits, now)
    this.lanes.claim(slot)
    const ours = holder === 'ours'
    const lane = { key: row.lane, tenant: this.tenants.id(row.tenant) }
    this.running.set(ref, { ...known, slot, worker: live.worker ?? '', strict: live.strict, lane, ours })
    if (ours) this.#begun(live.worker ?? '', live.row.lost > 0)
    if (holder === 'nobody') this.orphans.set(ref, known)
  }

  known(ref: Ref, arrived: () => Live): Touched {
    return this.#touched.get(ref) ?? { live: arrived(), rev: 0 }
  }

  seen(ref: Ref): Touched | null {
    return this.#touched.get(ref) ?? null
  }

  worker(name: string): { running: number; alone: boolean } {
    return this.#workers.get(name) ?? { running: 0, alone: false }
  }

  /** It was leased here. */
  start(ref: Ref, running: Running): void {
    this.running.set(ref, running)
    this.#touched.set(ref, running)
    this.#begun(running.worker, running.live.row.lost > 0)
  }

  /** It was recorded with its lease. */
  bear(ref: Ref, row: QueueRow, running: Omit<Running, 'slot'>, now: number): void {
    const slot = this.#add(ref, row, newborn(now, false), now)
    this.lanes.claim(slot)
    this.start(ref, { ...running, slot })
  }

  /** It goes on, changed. */
  changed(ref: Ref, live: Live, rev: number): void {
    const running = this.running.get(ref)!
    const next = { ...running, live, rev }
    this.running.set(ref, next)
    this.#touched.set(ref, next)
  }

  /** A lease ended, in this lane. `alone`: it was lost; `blocks`: until it is due its lane waits. */
  end(ref: Ref, after: Live, to: { rev: number; alone: boolean; blocks: boolean }, now: number): LaneKey {
    const { slot, lane } = this.#stopped(ref)
    const { row, strict } = after
    if (row.state === 'waiting') {
      this.#touched.set(ref, { live: after, rev: to.rev })
      this.lanes.again(slot, { dueAt: row.dueAt, ...to }, now)
      return lane
    }
    this.#touched.delete(ref)
    const dead = row.state === 'dead'
    this.lanes.drop(slot, dead && strict)
    if (dead) this.#dead.set(ref, strict ? lane.key : null)
    return lane
  }

  /** It was running here, and is no longer in the queue. */
  left(ref: Ref): void {
    this.#forget(ref)
    this.#left.add(ref)
  }

  /** Nothing is known of these any more, whatever they were. */
  forget(refs: Iterable<Ref>): void {
    const waiting = new Set<Ref>()
    for (const ref of refs) if (!this.#forget(ref) && !this.#left.delete(ref)) waiting.add(ref)
    // Those that wait are looked for one by one.
    if (waiting.size > 0) this.lanes.remove(waiting)
  }

  /** A bucket is no longer ours. */
  leave(bucket: number): void {
    const inside = (ref: Ref) => placeOf(ref).bucket === bucket
    const known = [this.running, this.#dead, this.#touched, this.#left].flatMap((refs) => [...refs.keys()])
    for (const ref of known.filter(inside)) {
      this.#forget(ref)
      this.#left.delete(ref)
    }
    this.lanes.remove({ has: inside })
  }

  /** True: it does not wait. */
  #forget(ref: Ref): boolean {
    this.#touched.delete(ref)
    if (this.running.has(ref)) this.lanes.drop(this.#stopped(ref).slot, false)
    else if (this.#dead.has(ref)) this.#unbury(ref)
    else return false
    return true
  }

  hold(holds: readonly Hold[], now: number): void {
    this.passed ||= holds.length > 0
    this.lanes.hold(this.holds.replace(holds), now)
  }

  #add(ref: Ref, row: QueueRow, live: Live, now: number): Slot {
    const waiting = {
      ref,
      lane: row.lane,
      tenant: this.tenants.id(row.tenant),
      type: this.types.id(row.type),
      urgency: row.urgency,
      position: row.place,
      dueAt: live.row.dueAt,
      alone: live.row.lost > 0,
      blocks: live.strict,
      held: live.held,
    }
    return this.lanes.add(waiting, now)
  }

  #bury(ref: Ref, { strict }: Live, row: QueueRow): void {
    this.#dead.set(ref, strict ? row.lane : null)
    if (strict) this.lanes.block(row.lane, this.tenants.id(row.tenant))
  }

  #unbury(ref: Ref): void {
    const lane = this.#dead.get(ref)
    if (lane !== null && lane !== undefined) this.lanes.unblock(lane)
    this.#dead.delete(ref)
  }

  #begun(worker: string, alone: boolean): void {
    const before = this.worker(worker)
    this.#workers.set(worker, { running: before.running + 1, alone: before.alone || alone })
  }

  #stopped(ref: Ref): Running {
    const running = this.running.get(ref)!
    this.running.delete(ref)
    this.orphans.delete(ref)
    const worker = running.ours ? this.#workers.get(running.worker) : undefined
    if (!worker) return running
    if (worker.running === 1) this.#workers.delete(running.worker)
    else this.#workers.set(running.worker, { running: worker.running - 1, alone: false })
    return running
  }
}
