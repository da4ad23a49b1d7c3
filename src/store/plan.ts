import { matches } from '../core/event.ts'
import type { Wish } from './scheduler.ts'
import type { Handles, Want } from './store.ts'

/** On top of what its handlers may take: the time to abort, to settle, and for a slow machine to breathe. */
const LEASE_GRACE_MS = 10_000

/** A worker's want, type by type: which of its handlers match, and how much room they have left. */
export class Plan implements Wish {
  readonly max: number
  readonly now: number
  readonly idle: boolean
  readonly #names: { name(id: number): string }
  readonly #handles: readonly Handles[]
  readonly #unhandled: boolean
  /** By handler, which may stand in several rows. */
  readonly #room: Map<string, number>
  readonly #byType = new Map<number, readonly Handles[]>()

  constructor(names: { name(id: number): string }, want: Want, idle: boolean, now: number) {
    this.max = want.max
    this.now = now
    this.idle = idle
    this.#names = names
    this.#handles = want.handles
    this.#unhandled = want.unhandled ?? true
    this.#room = new Map(want.handles.map(({ name, room }) => [name, room]))
  }

  room(type: number): number {
    const matching = this.#matching(type)
    if (matching.length === 0 && !this.#unhandled) return 0
    return matching.reduce((least, { name }) => Math.min(least, this.#room.get(name)!), Number.POSITIVE_INFINITY)
  }

  strict(type: number): boolean {
    return this.#matching(type).some(({ strict }) => strict)
  }

  leaseMs(type: number): number {
    return this.#matching(type).reduce((sum, { leaseMs }) => sum + leaseMs, LEASE_GRACE_MS)
  }

  taken(type: number): void {
    for (const { name } of this.#matching(type)) this.#room.set(name, this.#room.get(name)! - 1)
  }

  #matching(type: number): readonly Handles[] {
    const known = this.#byType.get(type)
    if (known) return known
    const name = this.#names.name(type)
    const matching = this.#handles.filter(({ pattern }) => matches(pattern, name))
    this.#byType.set(type, matching)
    return matching
  }
}
