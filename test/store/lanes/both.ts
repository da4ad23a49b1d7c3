import assert from 'node:assert/strict'
import { Lanes } from '../../../src/store/lanes.ts'
import type { Slot, Wish } from '../../../src/store/scheduler.ts'
import { type Naive, NaiveLanes, STRICT_TYPE } from './naive.ts'

/** One thing that happens to a scheduler. Numbers choose among what there is just then. */
export type Move =
  | Coming<'add'>
  /** A row tells that it is leased already, whatever else of its lane is. */
  | Coming<'claim'>
  | { readonly kind: 'take'; readonly max: number; readonly room: readonly number[]; readonly idle: boolean }
  | { readonly kind: 'again'; readonly pick: number; readonly dueIn: number; readonly alone: boolean }
  | { readonly kind: 'drop'; readonly pick: number; readonly dead: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'hold'; readonly types: number; readonly lane: number | null }
  | { readonly kind: 'release' | 'remove'; readonly picks: readonly number[] }
  | { readonly kind: 'unblock'; readonly lane: number }

interface Coming<Kind> {
  readonly kind: Kind
  readonly lane: number
  readonly type: number
  readonly urgency: number
  readonly position: number
  readonly dueIn: number
  readonly alone: boolean
  readonly held: boolean
}

const TENANTS = 2

/** The real one and the naive one, side by side: after each move they must agree. */
export class Both {
  readonly #real = new Lanes()
  readonly #naive = new NaiveLanes()
  readonly #slots = new Map<number, Slot>()
  #now = 1_000_000
  #refs = 0

  make(move: Move): void {
    const naive = this.#naive
    if (move.kind === 'add' || move.kind === 'claim') this.#add(move)
    else if (move.kind === 'take') this.#take(move)
    else if (move.kind === 'again') this.#end(move.pick, (event) => this.#again(event, move))
    else if (move.kind === 'drop') this.#end(move.pick, (event) => this.#drop(event, move.dead))
    else if (move.kind === 'pass') this.#pass(move.ms)
    else if (move.kind === 'hold') this.#hold(move)
    else if (move.kind === 'unblock') this.#unblock(move.lane)
    else
      this.#pickOut(
        move.kind,
        new Set(move.picks.flatMap((pick) => naive.events[pick % Math.max(1, naive.events.length)]?.ref ?? [])),
      )
    this.#agree()
  }

  #agree(): void {
    assert.deepEqual({ ...this.#real.counts }, this.#naive.counts)
    const apart = this.#naive.oldestReadyAt(this.#now) - this.#real.oldestReadyAt(this.#now)
    assert.ok(apart >= 0 && apart <= 100, `the oldest is ${apart} ms off`)
  }

  #add({ kind, dueIn, ...event }: Coming<'add' | 'claim'>): void {
    const waiting = {
      ...event,
      ref: ++this.#refs,
      tenant: event.lane % TENANTS,
      dueAt: this.#now + dueIn,
      blocks: event.type === STRICT_TYPE && dueIn > 0,
    }
    const where = dueIn > 0 ? 'scheduled' : 'ready'
    this.#slots.set(waiting.ref, this.#real.add(waiting, this.#now))
    this.#naive.events.push({ ...waiting, where, readySince: waiting.dueAt })
    if (kind === 'claim') this.#claim(waiting.ref)
  }

  #claim(ref: number): void {
    this.#real.claim(this.#slots.get(ref)!)
    this.#naive.events.find((event) => event.ref === ref)!.where = 'running'
  }

  #take({ max, room, idle }: Extract<Move, { kind: 'take' }>): void {
    const left = [...room]
    const wish: Wish = {
      ...{ max, idle, now: this.#now },
      room: (type) => left[type]!,
      strict: (type) => type === STRICT_TYPE,
      taken: (type) => void left[type]!--,
    }
    const refs = this.#real.take(wish).map((slot) => this.#real.ref(slot))
    assert.ok(refs.length <= max)
    const free = [...room]
    for (const ref of refs) this.#taken(ref, { free, idle, beside: refs.length > 1 })
    if (refs.length < max) this.#nothingLeft(refs, { free, idle })
  }

  #taken(ref: number, { free, idle, beside }: { free: number[]; idle: boolean; beside: boolean }): void {
    const event = this.#naive.events.find((other) => other.ref === ref)!
    assert.equal(this.#naive.head(event.lane)?.ref, ref, 'only the head of a free lane is leased')
    assert.ok(free[event.type]!-- > 0, 'there was room for it')
    if (event.alone) assert.ok(idle && !beside, 'what was lost is leased alone')
    event.where = 'running'
  }

  /** Whoever got less than it asked for got all there was. */
  #nothingLeft(refs: readonly number[], { free, idle }: { free: readonly number[]; idle: boolean }): void {
    const possible = this.#naive.heads().filter(({ type }) => free[type]! > 0)
    const taken = this.#naive.events.filter(({ ref }) => refs.includes(ref))
    const lost = [...this.#naive.heads(), ...taken].some(({ alone }) => alone)
    // With something to be leased alone about, a worker first runs dry.
    if (lost && (refs.length > 0 || !idle)) return
    assert.deepEqual(
      possible.map(({ ref }) => ref),
      [],
      'nothing that could be leased is left',
    )
  }

  #end(pick: number, end: (event: Naive) => void): void {
    const running = this.#naive.events.filter(({ where }) => where === 'running')
    const event = running[pick % Math.max(1, running.length)]
    if (event) end(event)
  }

  #again(event: Naive, { dueIn, alone }: { dueIn: number; alone: boolean }): void {
    const dueAt = this.#now + dueIn
    const blocks = event.type === STRICT_TYPE
    this.#real.again(this.#slots.get(event.ref)!, { dueAt, alone, blocks }, this.#now)
    Object.assign(event, {
      where: dueIn > 0 ? 'scheduled' : 'ready',
      dueAt,
      readySince: dueAt,
      alone,
      blocks: blocks && dueIn > 0,
    })
  }

  #drop(event: Naive, dead: boolean): void {
    const blocks = dead && event.type === STRICT_TYPE
    this.#real.drop(this.#slots.get(event.ref)!, blocks)
    this.#naive.events = this.#naive.events.filter((other) => other !== event)
    if (blocks) this.#naive.dead.set(event.lane, (this.#naive.dead.get(event.lane) ?? 0) + 1)
  }

  #pass(ms: number): void {
    this.#now += ms
    this.#real.due(this.#now)
    this.#naive.due(this.#now)
  }

  #hold({ types, lane }: Extract<Move, { kind: 'hold' }>): void {
    const rule = (type: number, key: number) => (types & (1 << type)) !== 0 && (lane === null || lane === key)
    const held = this.#naive.events.filter((event) => this.#naive.isHeld(event))
    this.#real.hold(rule, this.#now)
    this.#naive.rule = (event) => rule(event.type, event.lane)
    for (const event of held) if (!this.#naive.isHeld(event) && event.where === 'ready') event.readySince = this.#now
  }

  #unblock(lane: number): void {
    const dead = this.#naive.dead.get(lane) ?? 0
    if (dead === 0) return
    this.#real.unblock(lane)
    this.#naive.dead.set(lane, dead - 1)
  }

  #pickOut(kind: 'release' | 'remove', refs: ReadonlySet<number>): void {
    const chosen = this.#naive.events.filter(({ ref }) => refs.has(ref))
    if (kind === 'release') {
      assert.equal(this.#real.release(refs, this.#now), chosen.filter(({ held }) => held).length)
      for (const event of chosen) {
        if (event.held && event.where === 'ready') event.readySince = this.#now
        event.held = false
      }
      return
    }
    const waiting = chosen.filter(({ where }) => where !== 'running')
    const removed = this.#real.remove(refs)
    assert.deepEqual(
      removed.toSorted((a, b) => a - b),
      waiting.map(({ ref }) => ref).toSorted((a, b) => a - b),
    )
    this.#naive.events = this.#naive.events.filter((event) => !waiting.includes(event))
  }
}
