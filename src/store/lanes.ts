import { DueHeap, NONE, SkewHeaps } from './heaps.ts'
import type { Counts, Scheduler, Slot, Waiting, Wish } from './scheduler.ts'
import { Standing } from './standing.ts'
import type { Ref } from './store.ts'
import {
  ALONE,
  ASIDE,
  BEHIND_HOLD,
  BLOCKS,
  EventTable,
  HELD,
  LaneTable,
  READY,
  RULED,
  RUNNING,
  SCHEDULED,
} from './tables.ts'
import { Tally } from './tally.ts'

/**
 * Lanes in memory. Each lane is a heap of its ready events; lanes with something ready stand in the ring of their most urgent
 * class and of their account; a lease takes the next account's next lane and that lane's head. Every step is O(log lane).
 */
export class Lanes implements Scheduler {
  readonly #events = new EventTable()
  readonly #table = new LaneTable()
  readonly #tally = new Tally(this.#events, this.#table)
  readonly #heaps = new SkewHeaps((a, b) => this.#events.before(a, b))
  readonly #scheduled = new DueHeap()
  readonly #standing = new Standing(this.#table)
  #rule: (type: number, lane: number, tenant: number) => boolean = () => false

  get counts(): Readonly<Counts> {
    return this.#tally.counts
  }

  ref(slot: Slot): Ref {
    return this.#events.ref[slot]!
  }

  add(event: Waiting, now: number): Slot {
    const lane = this.#table.of(event.lane, event.tenant)
    const slot = this.#events.take(event, lane)
    this.#table.members[lane]!++
    if (event.dueAt > now) {
      this.#schedule(slot, event.dueAt, event.blocks)
      // Others of its lane may be in a ring already: now they wait for it.
      this.#standing.look(lane)
    } else this.#makeReady(slot, event.dueAt)
    return slot
  }

  take(wish: Wish): Slot[] {
    const headType = (lane: number) => this.#events.type[this.#table.head[lane]!]!
    this.#standing.unpark((type) => Math.min(wish.room(type), wish.max), headType)
    for (;;) {
      const taken = this.#standing.someAlone ? [] : this.#takeBeside(wish)
      if (taken.length > 0 || !this.#standing.someAlone) return taken
      // The worker first runs dry: whatever killed the last process gets this one for itself.
      if (!wish.idle) return []
      const slot = this.#takeAlone(wish)
      if (slot !== NONE) return [slot]
    }
  }

  #takeBeside(wish: Wish): Slot[] {
    const taken: Slot[] = []
    while (taken.length < wish.max) {
      const lane = this.#standing.next()
      if (lane === NONE) break
      const slot = this.#leasable(lane, wish, false)
      if (slot !== NONE) taken.push(this.#start(slot, wish))
    }
    return taken
  }

  claim(slot: Slot): void {
    const lane = this.#events.lane[slot]!
    this.#standing.leave(lane)
    this.#table.head[lane] = this.#heaps.without(this.#table.head[lane]!, new Set([slot]))
    this.#begin(slot)
  }

  again(slot: Slot, to: { dueAt: number; alone: boolean; blocks: boolean }, now: number): void {
    const lane = this.#events.lane[slot]!
    this.#end(lane)
    this.#events.flags[slot] = (this.#events.flags[slot]! & HELD) | (to.alone ? ALONE : 0)
    if (to.dueAt > now) this.#schedule(slot, to.dueAt, to.blocks)
    else this.#makeReady(slot, to.dueAt)
    this.#standing.place(lane)
  }

  drop(slot: Slot, blocks: boolean): void {
    const lane = this.#events.lane[slot]!
    this.#end(lane)
    if (blocks) this.#table.blockers[lane]!++
    this.#forget(slot)
    this.#standing.place(lane)
  }

  /** Nothing is in it, and nothing keeps it from being leased from. */
  vacant(key: number): boolean {
    const lane = this.#table.find(key)
    return lane === undefined || this.#table.empty(lane)
  }

  block(key: number, tenant: number): void {
    const lane = this.#table.of(key, tenant)
    this.#table.blockers[lane]!++
    this.#standing.place(lane)
  }

  unblock(key: number): void {
    const lane = this.#table.find(key)
    if (lane === undefined || this.#table.blockers[lane] === 0) return
    this.#table.blockers[lane]!--
    this.#standing.place(lane)
    this.#table.sweep(lane)
  }

  nextDueAt(): number {
    return this.#scheduled.nextAt()
  }

  due(now: number): void {
    while (this.#scheduled.nextAt() <= now) {
      const at = this.#scheduled.nextAt()
      const slot = this.#scheduled.pop()!
      this.#tally.counts.scheduled--
      this.#unblockBy(slot)
      this.#makeReady(slot, at)
    }
  }

  hold(rule: (type: number, lane: number, tenant: number) => boolean, now: number): void {
    this.#rule = rule
    const touched = new Set<number>()
    // One pass over plain arrays: a million events are looked at in some milliseconds, and only those that change cost more.
    for (let slot = 0; slot < this.#events.size; slot++) {
      if (this.#events.where[slot] !== READY) continue
      const flags = this.#events.flags[slot]!
      const ruled = this.#ruled(slot) ? RULED : 0
      if ((flags & RULED) === ruled) continue
      this.#turnHold(slot, (flags & ~RULED) | ruled, now)
      touched.add(this.#events.lane[slot]!)
    }
    for (let lane = 0; lane < this.#table.size; lane++) if (this.#table.status[lane] === BEHIND_HOLD) touched.add(lane)
    for (const lane of touched) this.#standing.look(lane)
  }

  release(refs: ReadonlySet<Ref>, now: number): number {
    let released = 0
    for (let slot = 0; slot < this.#events.size; slot++) {
      if (!(this.#events.flags[slot]! & HELD) || !refs.has(this.#events.ref[slot]!)) continue
      if (this.#events.where[slot] === READY) this.#turnHold(slot, this.#events.flags[slot]! & ~HELD, now)
      else this.#events.flags[slot]! &= ~HELD
      this.#standing.look(this.#events.lane[slot]!)
      released++
    }
    return released
  }

  remove(refs: Pick<ReadonlySet<Ref>, 'has'>): Ref[] {
    const gone = new Set<Slot>()
    for (let slot = 0; slot < this.#events.size; slot++) {
      const where = this.#events.where[slot]
      if ((where === READY || where === SCHEDULED) && refs.has(this.#events.ref[slot]!)) gone.add(slot)
    }
    const removed = [...gone].map((slot) => this.#events.ref[slot]!)
    if ([...gone].some((slot) => this.#events.where[slot] === SCHEDULED))
      this.#scheduled.filter((slot) => !gone.has(slot))
    const lanes = new Set<number>()
    for (const slot of gone) {
      lanes.add(this.#events.lane[slot]!)
      this.#uncount(slot)
    }
    for (const lane of lanes) this.#table.head[lane] = this.#heaps.without(this.#table.head[lane]!, gone)
    for (const slot of gone) this.#forget(slot)
    for (const lane of lanes) this.#standing.look(lane)
    return removed
  }

  oldestReadyAt(now: number): number {
    return Math.min(now, this.#tally.oldestReadyAt() ?? now)
  }

  // Choosing.

  /** The lane's head if this worker can have it now; else the lane is put where it waits without being walked again. */
  #leasable(lane: number, wish: Wish, alone: boolean): Slot {
    for (let head = this.#table.head[lane]!; head !== NONE; head = this.#table.head[lane]!) {
      const type = this.#events.type[head]!
      if (this.#events.held(head)) {
        if (wish.strict(type)) {
          this.#standing.waitBehindHold(lane)
          return NONE
        }
        this.#table.head[lane] = this.#heaps.pop(head)
        this.#events.flags[head]! |= ASIDE
      } else if (!alone && this.#events.flags[head]! & ALONE) {
        this.#standing.waitAlone(lane)
        return NONE
      } else if (wish.room(type) <= 0) {
        this.#standing.waitForRoom(lane, type)
        return NONE
      } else return head
    }
    return NONE
  }

  #takeAlone(wish: Wish): Slot {
    while (this.#standing.someAlone) {
      const lane = this.#standing.nextAlone()
      const slot = this.#table.blockers[lane] ? NONE : this.#leasable(lane, wish, true)
      if (slot !== NONE) return this.#start(slot, wish)
      this.#standing.place(lane)
    }
    return NONE
  }

  #start(slot: Slot, wish: Wish): Slot {
    this.#table.head[this.#events.lane[slot]!] = this.#heaps.pop(slot)
    this.#begin(slot)
    this.#standing.took()
    wish.taken(this.#events.type[slot]!)
    return slot
  }

  #begin(slot: Slot): void {
    this.#uncount(slot)
    this.#events.where[slot] = RUNNING
    this.#table.begin(this.#events.lane[slot]!)
    this.#tally.counts.running++
  }

  #end(lane: number): void {
    this.#table.end(lane)
    this.#tally.counts.running--
  }

  // Placing.

  #schedule(slot: Slot, dueAt: number, blocks: boolean): void {
    this.#events.where[slot] = SCHEDULED
    this.#tally.counts.scheduled++
    if (blocks) {
      this.#events.flags[slot]! |= BLOCKS
      this.#table.blockers[this.#events.lane[slot]!]!++
    }
    this.#scheduled.push(dueAt, slot)
  }

  #makeReady(slot: Slot, at: number): void {
    const lane = this.#events.lane[slot]!
    this.#events.where[slot] = READY
    if (this.#ruled(slot)) this.#events.flags[slot]! |= RULED
    this.#table.head[lane] = this.#heaps.push(this.#table.head[lane]!, slot)
    this.#tally.enter(slot, at)
    if (this.#table.head[lane] === slot) this.#standing.look(lane)
    else this.#standing.place(lane)
  }

  #turnHold(slot: Slot, flags: number, now: number): void {
    const lane = this.#events.lane[slot]!
    this.#uncount(slot)
    this.#events.flags[slot] = flags
    if (!this.#events.held(slot) && flags & ASIDE) {
      this.#events.flags[slot]! &= ~ASIDE
      this.#table.head[lane] = this.#heaps.push(this.#table.head[lane]!, slot)
    }
    this.#tally.enter(slot, now)
  }

  #unblockBy(slot: Slot): void {
    if (!(this.#events.flags[slot]! & BLOCKS)) return
    this.#events.flags[slot]! &= ~BLOCKS
    this.#table.blockers[this.#events.lane[slot]!]!--
  }

  #uncount(slot: Slot): void {
    this.#tally.leave(slot)
    if (this.#events.where[slot] === SCHEDULED) this.#unblockBy(slot)
  }

  #ruled(slot: Slot): boolean {
    const lane = this.#events.lane[slot]!
    return this.#rule(this.#events.type[slot]!, this.#table.key[lane]!, this.#table.tenant[lane]!)
  }

  // Room for events and lanes.

  #forget(slot: Slot): void {
    const lane = this.#events.lane[slot]!
    this.#events.give(slot)
    this.#table.members[lane]!--
  }
}
