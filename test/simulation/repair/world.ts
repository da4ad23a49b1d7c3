import type { Work } from '../../../src/store/store.ts'

/** An event as its merchant knows it. `n` is the place in which it arrives. */
export interface Fact {
  readonly id: string
  readonly object: string | null
  readonly createdAt: number
  readonly rank: number
  readonly n: number
}

/** How an event's last lease went, by the test's own count of leases. */
export interface Handled {
  readonly release: string
  readonly order: number
  readonly end: 'running' | 'worked' | 'dead' | 'waiting'
}

/** The outside: what handlers did to it, and what is true. */
export class World {
  readonly facts: readonly Fact[]
  readonly handled = new Map<string, Handled>()
  /** The event whose content each object shows, or what a bad release made of it. */
  readonly shown = new Map<string, string>()
  /** What was last done for each event. */
  readonly done = new Map<string, 'right' | 'wrong'>()
  #orders = 0

  constructor(facts: readonly Fact[]) {
    this.facts = facts
  }

  leased({ event: { id } }: Work, release: string): void {
    this.handled.set(id, { release, order: ++this.#orders, end: 'running' })
  }

  ended({ event: { id } }: Work, end: Handled['end']): void {
    const { release, order } = this.handled.get(id)!
    this.handled.set(id, { release, order, end })
  }

  /** A handler as it should be: what is stale is looked up, everything else is taken from the event. */
  workWell({ event: { id, object }, stale }: Work): void {
    this.done.set(id, 'right')
    if (object !== null) this.shown.set(object, stale ? this.newest(object).id : id)
  }

  workBadly({ event: { id, object } }: Work): void {
    this.done.set(id, 'wrong')
    if (object !== null) this.shown.set(object, `nonsense of ${id}`)
  }

  newest(object: string): Fact {
    return this.facts
      .filter((fact) => fact.object === object)
      .reduce((best, fact) => (isNewer(fact, best) ? fact : best))
  }

  /** What a repair of that release has to bring back, straight from the definition. */
  repairable(release: string): ReadonlySet<string> {
    const mine = ({ id }: Fact) => {
      const handled = this.handled.get(id)
      return handled?.release === release && (handled.end === 'worked' || handled.end === 'dead')
    }
    const superseded = (fact: Fact): boolean =>
      this.facts.some((other) => {
        if (fact.object === null || other.object !== fact.object || !isNewer(other, fact)) return false
        const its = this.handled.get(other.id)
        if (its?.end === 'running') return true
        const after = its?.end === 'worked' && its.order > this.handled.get(fact.id)!.order
        return after && !(mine(other) && !superseded(other))
      })
    return new Set(this.facts.filter((fact) => mine(fact) && !superseded(fact)).map(({ id }) => id))
  }
}

export const isNewer = (a: Fact, b: Fact): boolean => (a.createdAt - b.createdAt || a.rank - b.rank || a.n - b.n) > 0
