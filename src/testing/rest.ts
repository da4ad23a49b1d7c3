import { breath, type VirtualClock } from '../core/clock.ts'
import type { Backlog, Ledger } from '../store/store.ts'
import type { UnderWay } from './under-way.ts'

/** A ledger under work, as those see it who wait for it to come to rest. */
export interface Scene {
  readonly ledger: Ledger
  readonly clock: VirtualClock
  readonly underWay: UnderWay
}

/** Resolves when nothing more happens unless time passes. */
export async function quiet(scene: Scene): Promise<Backlog> {
  for (let before = ''; ; ) {
    await turns(TURNS)
    await idle(scene)
    const backlog = await scene.ledger.backlog()
    const now = JSON.stringify({ ...backlog, readyOldestMs: 0 })
    if (now === before) return backlog
    before = now
  }
}

/** Lets virtual time pass until nothing is ready, scheduled or running. Held and dead events stay as they are. */
export async function rest(scene: Scene): Promise<void> {
  const untilAt = scene.clock.now() + END_MS
  while (await step(scene, untilAt, 'rest'));
  if (scene.clock.now() >= untilAt) throw new Error('After a month of virtual time there are still events under way.')
}

/** Lets so much virtual time pass; what falls due on the way is worked then. */
export async function elapse(scene: Scene, ms: number): Promise<void> {
  const untilAt = scene.clock.now() + ms
  while (await step(scene, untilAt, 'time'));
}

/** Lets the event loop turn. A round of the ledger's writer takes one. */
export async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await breath()
}

/** What needs no time but the loop's turns has happened after so many. */
const TURNS = 4

/** Longer than any schedule or `Later` lasts. */
const END_MS = 31 * 86_400_000

/** Goes on to the next thing that may happen, or says that the end is reached: of the work, or of the time. */
async function step(scene: Scene, untilAt: number, end: 'rest' | 'time'): Promise<boolean> {
  const { clock } = scene
  const { ready, scheduled, running } = await quiet(scene)
  if (end === 'rest' && ready + scheduled + running === 0) return false
  if (clock.now() >= untilAt) return false
  // With nothing under way no time-out can be missed, so time goes by in one stride.
  if (ready + running === 0) await clock.leap(Math.max(1, Math.min(await nextDueAt(scene), untilAt) - clock.now()))
  else await clock.advance(Math.max(0, Math.min(clock.next() ?? untilAt, untilAt) - clock.now()))
  return true
}

const SPINS = 50

/** Most of what handlers call in tests answers within some turns; a real database is given real time. */
async function idle({ underWay }: Scene): Promise<void> {
  for (let spin = 0; underWay.busy(); spin++) {
    if (spin < SPINS) await breath()
    else {
      await new Promise((resolve) => setTimeout(resolve, 1))
      underWay.waited()
    }
  }
}

async function nextDueAt({ ledger }: Scene): Promise<number> {
  let earliest = Number.POSITIVE_INFINITY
  let cursor: string | null = null
  do {
    const { data, next } = await ledger.find({ state: 'waiting', held: false, limit: 500, cursor })
    for (const { dueAt } of data) earliest = Math.min(earliest, dueAt ?? earliest)
    cursor = next
  } while (cursor !== null)
  return earliest
}
