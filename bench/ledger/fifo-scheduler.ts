import { Fifo } from '../../src/store/fifo.ts'
import { DueHeap } from '../../src/store/heaps.ts'
import type { Counts, Scheduler, Slot, Waiting, Wish } from '../../src/store/scheduler.ts'
import type { Ref } from '../../src/store/store.ts'

/**
 * First come, first leased: no lanes, no classes, no fairness, so two events of one customer may run at once. The cheapest
 * scheduler that the same store can have, and so the reference for what lanes cost.
 */
export class FifoScheduler implements Scheduler {
  readonly counts: Counts = { ready: 0, scheduled: 0, held: 0, running: 0 }
  readonly #events: Place[] = []
  readonly #free: Slot[] = []
  readonly #ready = new Fifo<Slot>()
  #held: Slot[] = []
  readonly #scheduled = new DueHeap()
  #rule: (type: number, lane: number, tenant: number) => boolean = () => false

  add(event: Waiting, now: number): Slot {
    const slot = this.#free.pop() ?? this.#events.length
    const { ref, lane, tenant, type, held } = event
    this.#events[slot] = { ref, lane, tenant, type, held, since: event.dueAt, where: 'waiting' }
    this.#wait(slot, event.dueAt, now)
    return slot
  }

  ref(slot: Slot): Ref {
    return this.#events[slot]!.ref
  }

  take(wish: Wish): Slot[] {
    const taken: Slot[] = []
    while (taken.length < wish.max) {
      const slot = this.#ready.peek()
      if (slot === undefined || wish.room(this.#events[slot]!.type) <= 0) break
      this.#ready.shift()
      this.#events[slot]!.where = 'running'
      this.counts.ready--
      this.counts.running++
      wish.taken(this.#events[slot]!.type)
      taken.push(slot)
    }
    return taken
  }

  claim(slot: Slot): void {
    this.#take(new Set([slot]))
    this.#events[slot]!.where = 'running'
    this.counts.running++
  }

  again(slot: Slot, { dueAt }: { dueAt: number }, now: number): void {
    this.counts.running--
    this.#wait(slot, dueAt, now)
  }

  drop(slot: Slot): void {
    this.counts.running--
    this.#forget(slot)
  }

  block(): void {}

  unblock(): void {}

  due(now: number): void {
    while (this.#scheduled.nextAt() <= now) {
      const at = this.#scheduled.nextAt()
      this.counts.scheduled--
      this.#makeReady(this.#scheduled.pop()!, at)
    }
  }

  nextDueAt(): number {
    return this.#scheduled.nextAt()
  }

  hold(rule: (type: number, lane: number, tenant: number) => boolean): void {
    this.#rule = rule
    const waiting = [...this.#drained(), ...this.#held]
    this.#held = []
    this.counts.ready = 0
    this.counts.held = 0
    for (const slot of waiting) this.#makeReady(slot, this.#events[slot]!.since)
  }

  release(refs: ReadonlySet<Ref>): number {
    const mine = this.#events.filter(({ ref, held }) => held && refs.has(ref))
    for (const event of mine) event.held = false
    this.hold(this.#rule)
    return mine.length
  }

  remove(refs: ReadonlySet<Ref>): Ref[] {
    const slots = this.#events.flatMap(({ ref, where }, slot) => (where === 'waiting' && refs.has(ref) ? [slot] : []))
    const removed = slots.map((slot) => this.ref(slot))
    this.#take(new Set(slots))
    for (const slot of slots) this.#forget(slot)
    return removed
  }

  oldestReadyAt(now: number): number {
    const first = this.#ready.peek()
    return first === undefined ? now : Math.min(now, this.#events[first]!.since)
  }

  #wait(slot: Slot, dueAt: number, now: number): void {
    this.#events[slot]!.where = 'waiting'
    if (dueAt <= now) this.#makeReady(slot, dueAt)
    else {
      this.counts.scheduled++
      this.#scheduled.push(dueAt, slot)
    }
  }

  #makeReady(slot: Slot, at: number): void {
    const event = this.#events[slot]!
    event.since = at
    if (event.held || this.#rule(event.type, event.lane, event.tenant)) {
      this.counts.held++
      this.#held.push(slot)
    } else {
      this.counts.ready++
      this.#ready.push(slot)
    }
  }

  /** Takes waiting events from wherever they are; linear, for what operators do. */
  #take(slots: ReadonlySet<Slot>): void {
    const stays = (slot: Slot) => !slots.has(slot)
    const ready = this.#drained().filter(stays)
    for (const slot of ready) this.#ready.push(slot)
    this.#held = this.#held.filter(stays)
    this.#scheduled.filter(stays)
    this.counts.ready = ready.length
    this.counts.held = this.#held.length
    this.counts.scheduled = this.#scheduled.size
  }

  #drained(): Slot[] {
    const slots: Slot[] = []
    for (let slot = this.#ready.shift(); slot !== undefined; slot = this.#ready.shift()) slots.push(slot)
    return slots
  }

  #forget(slot: Slot): void {
    this.#events[slot]!.where = 'free'
    this.#free.push(slot)
  }
}

interface Place {
  readonly ref: Ref
  readonly lane: number
  readonly tenant: number
  readonly type: number
  held: boolean
  since: number
  where: 'free' | 'waiting' | 'running'
}
