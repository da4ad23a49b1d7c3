import type { Counts, Waiting } from '../../../src/store/scheduler.ts'

/** What `Lanes` does, said as plainly as can be: one array, looked through each time. */
export interface Naive extends Omit<Waiting, 'held' | 'blocks' | 'alone'> {
  where: 'ready' | 'scheduled' | 'running'
  dueAt: number
  readySince: number
  held: boolean
  alone: boolean
  blocks: boolean
}

/** The types of which an unsettled event holds up its lane. */
export const STRICT_TYPE = 2

export class NaiveLanes {
  events: Naive[] = []
  rule: (event: Naive) => boolean = () => false
  /** Dead strict events, by lane. */
  readonly dead = new Map<number, number>()

  get counts(): Counts {
    const count = (fits: (event: Naive) => boolean) => this.events.filter(fits).length
    return {
      ready: count((event) => event.where === 'ready' && !this.isHeld(event)),
      held: count((event) => event.where === 'ready' && this.isHeld(event)),
      scheduled: count(({ where }) => where === 'scheduled'),
      running: count(({ where }) => where === 'running'),
    }
  }

  isHeld(event: Naive): boolean {
    return event.held || this.rule(event)
  }

  /** What may be leased from this lane just now, or null. */
  head(lane: number): Naive | null {
    const events = this.events.filter((event) => event.lane === lane)
    if (events.some(({ where }) => where === 'running') || this.blocked(lane)) return null
    const ready = events.filter(({ where }) => where === 'ready').sort(inOrder)
    for (const event of ready) {
      if (!this.isHeld(event)) return event
      if (event.type === STRICT_TYPE) return null
    }
    return null
  }

  blocked(lane: number): boolean {
    const waits = this.events.some((event) => event.lane === lane && event.where === 'scheduled' && event.blocks)
    return waits || (this.dead.get(lane) ?? 0) > 0
  }

  heads(): Naive[] {
    return [...new Set(this.events.map(({ lane }) => lane))].flatMap((lane) => this.head(lane) ?? [])
  }

  due(now: number): void {
    for (const event of this.events) {
      if (event.where !== 'scheduled' || event.dueAt > now) continue
      Object.assign(event, { where: 'ready', readySince: event.dueAt, blocks: false })
    }
  }

  /** Since when the oldest ready event has been ready. */
  oldestReadyAt(now: number): number {
    const ready = this.events.filter((event) => event.where === 'ready' && !this.isHeld(event))
    return Math.min(now, ...ready.map(({ readySince }) => readySince))
  }
}

const inOrder = (a: Naive, b: Naive): number => a.position - b.position || a.ref - b.ref
