import type { Ref } from './store.ts'

/** What the scheduler knows of a waiting event: small numbers, so that a million of them fit. */
export interface Waiting {
  readonly ref: Ref
  /** A hash of the lane; a collision only makes two lanes wait for one another. */
  readonly lane: number
  readonly tenant: number
  readonly type: number
  /** 0 `now`, 1 `soon`, 2 `batch`. */
  readonly urgency: number
  /** Order within the lane: created in seconds x 32 + rank; arrival (`ref`) breaks ties. */
  readonly position: number
  readonly dueAt: number
  /** Its last lease was lost: it is leased only to a worker that runs nothing else. */
  readonly alone: boolean
  /** While it waits for `dueAt` its lane waits too. */
  readonly blocks: boolean
  /** Held until somebody releases it, whatever the rules say. */
  readonly held: boolean
}

/** What a worker can take just now, by type. */
export interface Wish {
  readonly max: number
  readonly now: number
  /** The worker runs nothing. */
  readonly idle: boolean
  /** How many more events of the type there is room for; 0 also when the worker may not work it at all. */
  room(type: number): number
  strict(type: number): boolean
  /** Told of each event taken, so that `room` shrinks. */
  taken(type: number): void
}

export interface Counts {
  ready: number
  scheduled: number
  held: number
  running: number
}

/** A handle on one event in the scheduler, from `add` until `drop`. */
export type Slot = number

/** Which waiting event is leased next. Values in, decisions out: no clock, no I/O, no randomness. */
export interface Scheduler {
  readonly counts: Readonly<Counts>
  add(event: Waiting, now: number): Slot
  ref(slot: Slot): Ref
  /** Heads of free lanes; from now on they run and their lanes are busy. */
  take(wish: Wish): Slot[]
  /** Makes a ready event run without being taken: its lease is older than this scheduler. */
  claim(slot: Slot): void
  /** A running event waits again, from `dueAt` on. */
  again(slot: Slot, to: { dueAt: number; alone: boolean; blocks: boolean }, now: number): void
  /** A running event is gone. `blocks`: it is dead and strict, and its lane waits until `unblock`. */
  drop(slot: Slot, blocks: boolean): void
  block(lane: number, tenant: number): void
  unblock(lane: number): void
  /** Moves what fell due to its lane. */
  due(now: number): void
  nextDueAt(): number
  /** Which waiting events are held by rule from now on. */
  hold(rule: (type: number, lane: number, tenant: number) => boolean, now: number): void
  /** Ends the hold of single events; returns how many. */
  release(refs: ReadonlySet<Ref>, now: number): number
  /** Takes waiting events out; returns those that were here. */
  remove(refs: Pick<ReadonlySet<Ref>, 'has'>): Ref[]
  /** Since when the oldest ready event has been ready; `now` when none is. */
  oldestReadyAt(now: number): number
}
