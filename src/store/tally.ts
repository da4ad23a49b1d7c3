import { Ages } from './ages.ts'
import type { Counts, Slot } from './scheduler.ts'
import { CLASSES, type EventTable, type LaneTable, SCHEDULED } from './tables.ts'

/** How many events are where: kept as they move, so that asking costs nothing. */
export class Tally {
  readonly counts: Counts = { ready: 0, scheduled: 0, held: 0, running: 0 }
  readonly #events: EventTable
  readonly #lanes: LaneTable
  readonly #ages = new Ages()

  constructor(events: EventTable, lanes: LaneTable) {
    this.#events = events
    this.#lanes = lanes
  }

  /** An event is ready, or held, since `at`. */
  enter(slot: Slot, at: number): void {
    if (this.#events.held(slot)) this.counts.held++
    else {
      this.counts.ready++
      this.#lanes.ready[this.#place(slot)]!++
      this.#events.readySince[slot] = this.#ages.add(at)
    }
  }

  /** It is no longer what it was counted as. */
  leave(slot: Slot): void {
    if (this.#events.where[slot] === SCHEDULED) this.counts.scheduled--
    else if (this.#events.held(slot)) this.counts.held--
    else {
      this.counts.ready--
      this.#lanes.ready[this.#place(slot)]!--
      this.#ages.remove(this.#events.readySince[slot]!)
    }
  }

  oldestReadyAt(): number | null {
    return this.#ages.oldestAt()
  }

  #place(slot: Slot): number {
    return this.#events.lane[slot]! * CLASSES + this.#events.urgency[slot]!
  }
}
