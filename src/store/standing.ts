import { NONE } from './heaps.ts'
import { Parking, Queue } from './parking.ts'
import { BEHIND_HOLD, IDLE, type LaneTable, PARKED, RINGED, WAITS_ALONE } from './tables.ts'
import { Turns } from './turns.ts'

/**
 * Where each lane stands: in the ring of its most urgent ready class and of its account, or where it waits, without being walked
 * again, until its head's type has room, its hold ends, or a worker has run dry.
 */
export class Standing {
  readonly #table: LaneTable
  readonly #turns = new Turns()
  readonly #parked = new Parking()
  readonly #alone: Queue

  constructor(table: LaneTable) {
    this.#table = table
    this.#alone = new Queue((lane) => table.status[lane] === WAITS_ALONE)
  }

  /** A lane stands in the ring of its most urgent ready class, unless something keeps it out. */
  place(lane: number): void {
    const status = this.#table.status[lane]
    if (status !== IDLE && status !== RINGED) return
    const urgency = this.#table.blockers[lane]! > 0 ? NONE : this.#table.mostUrgent(lane)
    if (status === RINGED && urgency === this.#table.urgency[lane]) return
    this.leave(lane)
    if (urgency !== NONE) this.#enter(lane, urgency)
    else this.#table.sweep(lane)
  }

  /** Looks at a lane anew whose head or holds changed while it waited for something. */
  look(lane: number): void {
    const status = this.#table.status[lane]
    if (status === PARKED || status === BEHIND_HOLD || status === WAITS_ALONE) this.#table.status[lane] = IDLE
    this.place(lane)
  }

  #enter(lane: number, urgency: number): void {
    this.#turns.enter(lane, this.#table.tenant[lane]!, urgency)
    this.#table.status[lane] = RINGED
    this.#table.urgency[lane] = urgency
  }

  /** Out of its ring, if it stands in one. */
  leave(lane: number): void {
    if (this.#table.status[lane] !== RINGED) return
    this.#turns.leave(lane, this.#table.tenant[lane]!, this.#table.urgency[lane]!)
    this.#table.status[lane] = IDLE
  }

  /** The lane whose turn it is, out of its ring; NONE: no lane stands in one. */
  next(): number {
    const lane = this.#turns.next()
    if (lane !== NONE) this.leave(lane)
    return lane
  }

  /** A turn was used. */
  took(): void {
    this.#turns.took()
  }

  waitForRoom(lane: number, type: number): void {
    this.#parked.add(type, lane)
    this.#table.status[lane] = PARKED
  }

  waitBehindHold(lane: number): void {
    this.#table.status[lane] = BEHIND_HOLD
  }

  waitAlone(lane: number): void {
    this.#alone.push(lane)
    this.#table.status[lane] = WAITS_ALONE
  }

  /** As many of those that wait for room as there is room for stand in their rings again. */
  unpark(room: (type: number) => number, headType: (lane: number) => number): void {
    const waits = (lane: number, type: number) => this.#table.status[lane] === PARKED && headType(lane) === type
    for (const lane of this.#parked.leave(room, waits)) this.look(lane)
  }

  /** Some wait until a worker has run dry. */
  get someAlone(): boolean {
    return this.#alone.some()
  }

  /** The first of those, which waits no longer; only when there is some. */
  nextAlone(): number {
    const lane = this.#alone.shift()
    this.#table.status[lane] = IDLE
    return lane
  }
}
