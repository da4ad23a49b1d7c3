import { grown, NONE } from './heaps.ts'
import type { Slot, Waiting } from './scheduler.ts'

/** Where an event is; 0: its row is free. */
export const READY = 1
export const SCHEDULED = 2
export const RUNNING = 3

// What is special about a waiting event.
/** Held by a rule. */
export const RULED = 1
/** Held by itself. */
export const HELD = 2
export const ALONE = 4
/** Ready and held, and no longer in its lane's heap. */
export const ASIDE = 8
export const BLOCKS = 16

// Where a lane is; 0: nowhere.
export const IDLE = 0
export const RINGED = 1
export const BUSY = 2
/** Its head's type has no room. */
export const PARKED = 3
export const WAITS_ALONE = 4
/** Its head is strict and held. */
export const BEHIND_HOLD = 5

/** `now`, `soon`, `batch`. */
export const CLASSES = 3

/** The scheduler's events, a column each: 31 bytes an event, and nothing for the collector to walk. */
export class EventTable {
  ref = new Float64Array(1024)
  position = new Float64Array(1024)
  lane = new Int32Array(1024)
  readySince = new Int32Array(1024)
  type = new Uint32Array(1024)
  urgency = new Uint8Array(1024)
  where = new Uint8Array(1024)
  flags = new Uint8Array(1024)
  size = 0
  readonly #free: Slot[] = []

  /** A row for one more event. */
  take(event: Waiting, lane: number): Slot {
    const slot = this.#free.pop() ?? this.size++
    this.#grow(slot)
    this.ref[slot] = event.ref
    this.position[slot] = event.position
    this.lane[slot] = lane
    this.type[slot] = event.type
    this.urgency[slot] = event.urgency
    this.flags[slot] = (event.held ? HELD : 0) | (event.alone ? ALONE : 0)
    return slot
  }

  give(slot: Slot): void {
    this.where[slot] = 0
    this.ref[slot] = NONE
    this.#free.push(slot)
  }

  held(slot: Slot): boolean {
    return (this.flags[slot]! & (RULED | HELD)) !== 0
  }

  /** The order within a lane. */
  before(a: Slot, b: Slot): boolean {
    const order = this.position[a]! - this.position[b]!
    return order < 0 || (order === 0 && this.ref[a]! < this.ref[b]!)
  }

  #grow(slot: Slot): void {
    if (slot < this.ref.length) return
    this.ref = grown(this.ref, slot + 1)
    this.position = grown(this.position, slot + 1)
    this.lane = grown(this.lane, slot + 1)
    this.readySince = grown(this.readySince, slot + 1)
    this.type = grown(this.type, slot + 1)
    this.urgency = grown(this.urgency, slot + 1)
    this.where = grown(this.where, slot + 1)
    this.flags = grown(this.flags, slot + 1)
  }
}

/** The scheduler's lanes, found by their hash. */
export class LaneTable {
  key = new Float64Array(1024)
  tenant = new Int32Array(1024)
  /** Root of the heap of its ready events. */
  head = new Int32Array(1024)
  status = new Uint8Array(1024)
  /** The class in whose ring it stands. */
  urgency = new Uint8Array(1024)
  /** Ready events by class. */
  ready = new Int32Array(1024 * CLASSES)
  /** All its events, running and scheduled ones too. */
  members = new Int32Array(1024)
  running = new Int32Array(1024)
  blockers = new Int32Array(1024)
  size = 0
  readonly #byKey = new Map<number, number>()
  readonly #free: number[] = []

  find(key: number): number | undefined {
    return this.#byKey.get(key)
  }

  /** The lane of that key, made where there is none. */
  of(key: number, tenant: number): number {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const lane = this.#free.pop() ?? this.size++
    this.#grow(lane)
    this.key[lane] = key
    this.tenant[lane] = tenant
    this.head[lane] = NONE
    this.status[lane] = 0
    this.#byKey.set(key, lane)
    return lane
  }

  begin(lane: number): void {
    this.running[lane]!++
    this.status[lane] = BUSY
  }

  /** Only one of a lane is leased, but rows may tell of more: of an end that was not written, beside a lease after it that was. */
  end(lane: number): void {
    if (--this.running[lane]! === 0) this.status[lane] = IDLE
  }

  /** The most urgent class among its ready events. */
  mostUrgent(lane: number): number {
    for (let i = 0; i < CLASSES; i++) if (this.ready[lane * CLASSES + i]! > 0) return i
    return NONE
  }

  /** Nothing is in it and nothing blocks it. */
  empty(lane: number): boolean {
    return this.members[lane] === 0 && this.blockers[lane] === 0
  }

  /** A lane without events and blockers is forgotten: lanes come and go with customers, memory must not. */
  sweep(lane: number): void {
    if (!this.empty(lane) || this.status[lane] !== IDLE) return
    if (this.#byKey.delete(this.key[lane]!)) this.#free.push(lane)
  }

  #grow(lane: number): void {
    if (lane < this.key.length) return
    this.key = grown(this.key, lane + 1)
    this.tenant = grown(this.tenant, lane + 1)
    this.head = grown(this.head, lane + 1)
    this.status = grown(this.status, lane + 1)
    this.urgency = grown(this.urgency, lane + 1)
    this.ready = grown(this.ready, (lane + 1) * CLASSES)
    this.members = grown(this.members, lane + 1)
    this.running = grown(this.running, lane + 1)
    this.blockers = grown(this.blockers, lane + 1)
  }
}
