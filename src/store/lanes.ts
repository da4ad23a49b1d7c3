import { Ages } from './ages.ts'
import { Fifo } from './fifo.ts'
import { DueHeap, grown, NONE, Rings, SkewHeaps } from './heaps.ts'
import type { Counts, Scheduler, Slot, Waiting, Wish } from './scheduler.ts'
import type { Ref } from './store.ts'

// Where an event is.
const FREE = 0
const READY = 1
const SCHEDULED = 2
const RUNNING = 3

// What is special about a waiting event.
const RULED = 1 // held by a rule
const HELD = 2 // held by itself
const ALONE = 4
const ASIDE = 8 // ready and held, and no longer in its lane's heap
const BLOCKS = 16

// Where a lane is.
const IDLE = 0
const RINGED = 1
const BUSY = 2
const PARKED = 3 // its head's type has no room
const WAITS_ALONE = 4
const BEHIND_HOLD = 5 // its head is strict and held

const CLASSES = 3
/** One lease in so many goes to the next class down, so that the buyers' rush cannot starve the renewals for ever. */
const TURN_FOR_LESS_URGENT = 10

/**
 * Lanes in memory. Each lane is a heap of its ready events; lanes with something ready stand in the ring of their most urgent
 * class and of their account; a lease takes the next account's next lane and that lane's head. Every step is O(log lane).
 */
export class Lanes implements Scheduler {
  readonly counts: Counts = { ready: 0, scheduled: 0, held: 0, running: 0 }

  // One entry per event.
  #ref = new Float64Array(1024)
  #position = new Float64Array(1024)
  #lane = new Int32Array(1024)
  #type = new Uint16Array(1024)
  #urgency = new Uint8Array(1024)
  #where = new Uint8Array(1024)
  #flags = new Uint8Array(1024)
  #readySince = new Int32Array(1024)
  #slots = 0
  readonly #freeSlots: Slot[] = []

  // One entry per lane.
  readonly #laneByKey = new Map<number, number>()
  #key = new Float64Array(1024)
  #tenant = new Int32Array(1024)
  #head = new Int32Array(1024)
  #status = new Uint8Array(1024)
  #class = new Uint8Array(1024)
  #readyOf = new Int32Array(1024 * CLASSES)
  #members = new Int32Array(1024)
  #blockers = new Int32Array(1024)
  #lanes = 0
  readonly #freeLanes: number[] = []

  readonly #heaps = new SkewHeaps((a, b) => this.#before(a, b))
  readonly #scheduled = new DueHeap()
  readonly #rings = new Rings()
  readonly #tenants = [new Rings(), new Rings(), new Rings()] as const
  readonly #parked = new Map<number, Fifo<number>>()
  readonly #alone = new Fifo<number>()
  readonly #ages = new Ages()
  #rule: (type: number, lane: number, tenant: number) => boolean = () => false
  #leases = 0

  ref(slot: Slot): Ref {
    return this.#ref[slot]!
  }

  add(event: Waiting, now: number): Slot {
    const slot = this.#newSlot()
    const lane = this.#laneOf(event.lane, event.tenant)
    this.#ref[slot] = event.ref
    this.#position[slot] = event.position
    this.#lane[slot] = lane
    this.#type[slot] = event.type
    this.#urgency[slot] = event.urgency
    this.#flags[slot] = (event.held ? HELD : 0) | (event.alone ? ALONE : 0)
    this.#members[lane]!++
    if (event.dueAt > now) this.#schedule(slot, event.dueAt, event.blocks)
    else this.#makeReady(slot, event.dueAt)
    return slot
  }

  take(wish: Wish): Slot[] {
    this.#unpark(wish)
    if (this.#alone.size > 0) {
      // The worker first runs dry: whatever killed the last process gets this one for itself.
      if (!wish.idle) return []
      const slot = this.#takeAlone(wish)
      if (slot !== NONE) return [slot]
    }
    const taken: Slot[] = []
    while (taken.length < wish.max) {
      const urgency = this.#nextClass()
      if (urgency === NONE) break
      const lane = this.#nextLane(urgency)
      const slot = this.#leasable(lane, wish, false)
      if (slot !== NONE) taken.push(this.#start(slot, wish))
    }
    return taken
  }

  claim(slot: Slot): void {
    const lane = this.#lane[slot]!
    if (this.#status[lane] === RINGED) this.#leaveRing(lane)
    this.#rebuild(lane, new Set([slot]))
    this.#uncount(slot)
    this.#where[slot] = RUNNING
    this.#status[lane] = BUSY
    this.counts.running++
  }

  again(slot: Slot, to: { dueAt: number; alone: boolean; blocks: boolean }, now: number): void {
    const lane = this.#lane[slot]!
    this.counts.running--
    this.#flags[slot] = (this.#flags[slot]! & HELD) | (to.alone ? ALONE : 0)
    this.#status[lane] = IDLE
    if (to.dueAt > now) this.#schedule(slot, to.dueAt, to.blocks)
    else this.#makeReady(slot, to.dueAt)
    this.#place(lane)
  }

  drop(slot: Slot, blocks: boolean): void {
    const lane = this.#lane[slot]!
    this.counts.running--
    this.#status[lane] = IDLE
    if (blocks) this.#blockers[lane]!++
    this.#forget(slot)
    this.#place(lane)
  }

  block(key: number, tenant: number): void {
    const lane = this.#laneOf(key, tenant)
    this.#blockers[lane]!++
    this.#place(lane)
  }

  unblock(key: number): void {
    const lane = this.#laneByKey.get(key)
    if (lane === undefined || this.#blockers[lane] === 0) return
    this.#blockers[lane]!--
    this.#place(lane)
    this.#sweepLane(lane)
  }

  nextDueAt(): number {
    return this.#scheduled.nextAt()
  }

  due(now: number): void {
    while (this.#scheduled.nextAt() <= now) {
      const at = this.#scheduled.nextAt()
      const slot = this.#scheduled.pop()!
      this.counts.scheduled--
      this.#unblockBy(slot)
      this.#makeReady(slot, at)
    }
  }

  hold(rule: (type: number, lane: number, tenant: number) => boolean, now: number): void {
    this.#rule = rule
    const touched = new Set<number>()
    // One pass over plain arrays: a million events are looked at in some milliseconds, and only those that change cost more.
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#where[slot] !== READY) continue
      const flags = this.#flags[slot]!
      const ruled = this.#ruled(slot) ? RULED : 0
      if ((flags & RULED) === ruled) continue
      this.#turnHold(slot, (flags & ~RULED) | ruled, now)
      touched.add(this.#lane[slot]!)
    }
    for (let lane = 0; lane < this.#lanes; lane++) if (this.#status[lane] === BEHIND_HOLD) touched.add(lane)
    for (const lane of touched) this.#look(lane)
  }

  release(refs: ReadonlySet<Ref>, now: number): number {
    let released = 0
    for (let slot = 0; slot < this.#slots; slot++) {
      if (!(this.#flags[slot]! & HELD) || !refs.has(this.#ref[slot]!)) continue
      if (this.#where[slot] === READY) this.#turnHold(slot, this.#flags[slot]! & ~HELD, now)
      else this.#flags[slot]! &= ~HELD
      this.#look(this.#lane[slot]!)
      released++
    }
    return released
  }

  remove(refs: ReadonlySet<Ref>): Ref[] {
    const gone = new Set<Slot>()
    for (let slot = 0; slot < this.#slots; slot++) {
      const where = this.#where[slot]
      if ((where === READY || where === SCHEDULED) && refs.has(this.#ref[slot]!)) gone.add(slot)
    }
    const removed = [...gone].map((slot) => this.#ref[slot]!)
    if ([...gone].some((slot) => this.#where[slot] === SCHEDULED)) this.#scheduled.filter((slot) => !gone.has(slot))
    const lanes = new Set<number>()
    for (const slot of gone) {
      lanes.add(this.#lane[slot]!)
      this.#uncount(slot)
    }
    for (const lane of lanes) this.#rebuild(lane, gone)
    for (const slot of gone) this.#forget(slot)
    for (const lane of lanes) this.#look(lane)
    return removed
  }

  oldestReadyAt(now: number): number {
    return Math.min(now, this.#ages.oldestAt() ?? now)
  }

  // Choosing.

  #nextClass(): number {
    const most = this.#classFrom(0)
    if (most === NONE || this.#leases % TURN_FOR_LESS_URGENT !== TURN_FOR_LESS_URGENT - 1) return most
    const less = this.#classFrom(most + 1)
    return less === NONE ? most : less
  }

  #classFrom(urgency: number): number {
    for (let i = urgency; i < CLASSES; i++) if (this.#tenants[i]!.first(0) !== NONE) return i
    return NONE
  }

  /** The next lane of the next account, out of its ring. */
  #nextLane(urgency: number): number {
    const tenant = this.#tenants[urgency]!.first(0)
    const lane = this.#rings.first(tenant * CLASSES + urgency)
    this.#tenants[urgency]!.turn(0)
    this.#leaveRing(lane)
    return lane
  }

  /** The lane's head if this worker can have it now; else the lane is put where it waits without being walked again. */
  #leasable(lane: number, wish: Wish, alone: boolean): Slot {
    for (let head = this.#head[lane]!; head !== NONE; head = this.#head[lane]!) {
      const type = this.#type[head]!
      if (this.#isHeld(head)) {
        if (wish.strict(type)) return this.#waitAs(lane, BEHIND_HOLD)
        this.#head[lane] = this.#heaps.pop(head)
        this.#flags[head]! |= ASIDE
      } else if (!alone && this.#flags[head]! & ALONE) {
        this.#alone.push(lane)
        return this.#waitAs(lane, WAITS_ALONE)
      } else if (wish.room(type) <= 0) {
        this.#park(lane, type)
        return this.#waitAs(lane, PARKED)
      } else return head
    }
    return NONE
  }

  #waitAs(lane: number, status: number): typeof NONE {
    this.#status[lane] = status
    return NONE
  }

  #takeAlone(wish: Wish): Slot {
    for (let tries = this.#alone.size; tries > 0; tries--) {
      const lane = this.#alone.shift()!
      if (this.#status[lane] !== WAITS_ALONE) continue
      this.#status[lane] = IDLE
      const slot = this.#blockers[lane] ? NONE : this.#leasable(lane, wish, true)
      if (slot !== NONE) return this.#start(slot, wish)
      this.#place(lane)
    }
    return NONE
  }

  #start(slot: Slot, wish: Wish): Slot {
    const lane = this.#lane[slot]!
    this.#head[lane] = this.#heaps.pop(slot)
    this.#uncount(slot)
    this.#where[slot] = RUNNING
    this.#status[lane] = BUSY
    this.counts.running++
    this.#leases++
    wish.taken(this.#type[slot]!)
    return slot
  }

  // Placing.

  /** A lane stands in the ring of its most urgent ready class, unless something keeps it out. */
  #place(lane: number): void {
    const status = this.#status[lane]
    if (status !== IDLE && status !== RINGED) return
    const urgency = this.#blockers[lane]! > 0 ? NONE : this.#mostUrgent(lane)
    if (status === RINGED && urgency === this.#class[lane]) return
    if (status === RINGED) this.#leaveRing(lane)
    if (urgency !== NONE) this.#enterRing(lane, urgency)
    else this.#sweepLane(lane)
  }

  /** Looks at a lane anew whose head or holds changed while it waited for something. */
  #look(lane: number): void {
    const status = this.#status[lane]
    if (status === PARKED || status === BEHIND_HOLD) this.#status[lane] = IDLE
    this.#place(lane)
  }

  #mostUrgent(lane: number): number {
    for (let i = 0; i < CLASSES; i++) if (this.#readyOf[lane * CLASSES + i]! > 0) return i
    return NONE
  }

  #enterRing(lane: number, urgency: number): void {
    const tenant = this.#tenant[lane]!
    const ring = tenant * CLASSES + urgency
    if (this.#rings.first(ring) === NONE) this.#tenants[urgency]!.append(0, tenant)
    this.#rings.append(ring, lane)
    this.#status[lane] = RINGED
    this.#class[lane] = urgency
  }

  #leaveRing(lane: number): void {
    const urgency = this.#class[lane]!
    const ring = this.#tenant[lane]! * CLASSES + urgency
    this.#rings.remove(ring, lane)
    this.#status[lane] = IDLE
    if (this.#rings.first(ring) === NONE) this.#tenants[urgency]!.remove(0, this.#tenant[lane]!)
  }

  #park(lane: number, type: number): void {
    const parked = this.#parked.get(type) ?? new Fifo<number>()
    this.#parked.set(type, parked)
    parked.push(lane)
  }

  #unpark(wish: Wish): void {
    for (const [type, parked] of this.#parked) {
      for (let room = Math.min(wish.room(type), wish.max); room > 0 && parked.size > 0; room--) {
        const lane = parked.shift()!
        if (this.#status[lane] === PARKED) this.#look(lane)
      }
      if (parked.size === 0) this.#parked.delete(type)
    }
  }

  #schedule(slot: Slot, dueAt: number, blocks: boolean): void {
    this.#where[slot] = SCHEDULED
    this.counts.scheduled++
    if (blocks) {
      this.#flags[slot]! |= BLOCKS
      this.#blockers[this.#lane[slot]!]!++
    }
    this.#scheduled.push(dueAt, slot)
  }

  #makeReady(slot: Slot, at: number): void {
    const lane = this.#lane[slot]!
    this.#where[slot] = READY
    if (this.#ruled(slot)) this.#flags[slot]! |= RULED
    this.#head[lane] = this.#heaps.push(this.#head[lane]!, slot)
    this.#count(slot, at)
    if (this.#head[lane] === slot) this.#look(lane)
    else this.#place(lane)
  }

  #turnHold(slot: Slot, flags: number, now: number): void {
    const lane = this.#lane[slot]!
    this.#uncount(slot)
    this.#flags[slot] = flags
    if (!this.#isHeld(slot) && flags & ASIDE) {
      this.#flags[slot]! &= ~ASIDE
      this.#head[lane] = this.#heaps.push(this.#head[lane]!, slot)
    }
    this.#count(slot, now)
  }

  #unblockBy(slot: Slot): void {
    if (!(this.#flags[slot]! & BLOCKS)) return
    this.#flags[slot]! &= ~BLOCKS
    this.#blockers[this.#lane[slot]!]!--
  }

  #rebuild(lane: number, without: ReadonlySet<Slot>): void {
    let head: number = NONE
    for (const slot of [...this.#heaps.nodes(this.#head[lane]!)]) {
      if (!without.has(slot)) head = this.#heaps.push(head, slot)
    }
    this.#head[lane] = head
  }

  // Counting.

  #count(slot: Slot, at: number): void {
    if (this.#isHeld(slot)) this.counts.held++
    else {
      this.counts.ready++
      this.#readyOf[this.#lane[slot]! * CLASSES + this.#urgency[slot]!]!++
      this.#readySince[slot] = this.#ages.add(at)
    }
  }

  #uncount(slot: Slot): void {
    if (this.#where[slot] === SCHEDULED) {
      this.counts.scheduled--
      this.#unblockBy(slot)
    } else if (this.#isHeld(slot)) this.counts.held--
    else {
      this.counts.ready--
      this.#ages.remove(this.#readySince[slot]!)
      this.#readyOf[this.#lane[slot]! * CLASSES + this.#urgency[slot]!]!--
    }
  }

  #isHeld(slot: Slot): boolean {
    return (this.#flags[slot]! & (RULED | HELD)) !== 0
  }

  #ruled(slot: Slot): boolean {
    const lane = this.#lane[slot]!
    return this.#rule(this.#type[slot]!, this.#key[lane]!, this.#tenant[lane]!)
  }

  #before(a: Slot, b: Slot): boolean {
    const order = this.#position[a]! - this.#position[b]!
    return order < 0 || (order === 0 && this.#ref[a]! < this.#ref[b]!)
  }

  // Room for events and lanes.

  #newSlot(): Slot {
    const slot = this.#freeSlots.pop() ?? this.#slots++
    this.#ref = grown(this.#ref, slot + 1)
    this.#position = grown(this.#position, slot + 1)
    this.#lane = grown(this.#lane, slot + 1)
    this.#type = grown(this.#type, slot + 1)
    this.#urgency = grown(this.#urgency, slot + 1)
    this.#where = grown(this.#where, slot + 1)
    this.#flags = grown(this.#flags, slot + 1)
    this.#readySince = grown(this.#readySince, slot + 1)
    return slot
  }

  #forget(slot: Slot): void {
    const lane = this.#lane[slot]!
    this.#where[slot] = FREE
    this.#ref[slot] = NONE
    this.#freeSlots.push(slot)
    this.#members[lane]!--
  }

  #laneOf(key: number, tenant: number): number {
    const known = this.#laneByKey.get(key)
    if (known !== undefined) return known
    const lane = this.#freeLanes.pop() ?? this.#lanes++
    this.#key = grown(this.#key, lane + 1)
    this.#tenant = grown(this.#tenant, lane + 1)
    this.#head = grown(this.#head, lane + 1)
    this.#status = grown(this.#status, lane + 1)
    this.#class = grown(this.#class, lane + 1)
    this.#readyOf = grown(this.#readyOf, (lane + 1) * CLASSES)
    this.#members = grown(this.#members, lane + 1)
    this.#blockers = grown(this.#blockers, lane + 1)
    this.#key[lane] = key
    this.#tenant[lane] = tenant
    this.#head[lane] = NONE
    this.#status[lane] = IDLE
    this.#laneByKey.set(key, lane)
    return lane
  }

  /** A lane without events and blockers is forgotten: lanes come and go with customers, memory must not. */
  #sweepLane(lane: number): void {
    if (this.#members[lane]! > 0 || this.#blockers[lane]! > 0 || this.#status[lane] !== IDLE) return
    if (this.#laneByKey.delete(this.#key[lane]!)) this.#freeLanes.push(lane)
  }
}
