import { NONE, Rings } from './heaps.ts'
import { CLASSES } from './tables.ts'

/** One lease in so many goes to the next class down, so that the buyers' rush cannot starve the renewals for ever. */
const TURN_FOR_LESS_URGENT = 10

/** Whose turn it is: the most urgent class first, within it one account after another, within that one lane after another. */
export class Turns {
  readonly #lanes = new Rings()
  readonly #tenants = [new Rings(), new Rings(), new Rings()] as const
  #taken = 0

  enter(lane: number, tenant: number, urgency: number): void {
    const ring = tenant * CLASSES + urgency
    if (this.#lanes.first(ring) === NONE) this.#tenants[urgency]!.append(0, tenant)
    this.#lanes.append(ring, lane)
  }

  leave(lane: number, tenant: number, urgency: number): void {
    const ring = tenant * CLASSES + urgency
    this.#lanes.remove(ring, lane)
    if (this.#lanes.first(ring) === NONE) this.#tenants[urgency]!.remove(0, tenant)
  }

  /** The lane whose turn it is; its account goes to the back. */
  next(): number {
    const urgency = this.#class()
    if (urgency === NONE) return NONE
    const tenant = this.#tenants[urgency]!.first(0)
    this.#tenants[urgency]!.turn(0)
    return this.#lanes.first(tenant * CLASSES + urgency)
  }

  /** A turn was used. */
  took(): void {
    this.#taken++
  }

  #class(): number {
    const most = this.#from(0)
    if (most === NONE || this.#taken % TURN_FOR_LESS_URGENT !== TURN_FOR_LESS_URGENT - 1) return most
    const less = this.#from(most + 1)
    return less === NONE ? most : less
  }

  #from(urgency: number): number {
    for (let i = urgency; i < CLASSES; i++) if (this.#tenants[i]!.first(0) !== NONE) return i
    return NONE
  }
}
