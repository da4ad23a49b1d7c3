import { VirtualClock } from '../../../src/core/clock.ts'
import { between, pick, type Random, seeded, shuffled } from '../../../src/core/random.ts'
import { openSqlite } from '../../../src/store/sqlite.ts'
import type { Handles, Store, Work } from '../../../src/store/store.ts'
import { envelope } from '../../chaos/virtual.ts'
import { type Fact, World } from './world.ts'

const HANDLES: readonly Handles[] = [{ pattern: '*', name: 'one', leaseMs: 30_000, room: 1_000, strict: false }]
const RANKS = [0, 4, 10, 19, 31]

/** Of which size, and which release is the bad one. */
export interface Size {
  readonly events: number
  readonly objects: number
}

export const BAD = 'v41'
const BEFORE = 'v40'
export const AFTER = 'v42'

/** A small merchant's events, late and shuffled, under three releases of which the middle one is bad. */
export class History {
  readonly random: Random
  readonly world: World
  readonly store: Store
  readonly clock: VirtualClock
  /** What runs now; during a deploy two may. */
  releases: readonly string[] = [BEFORE]
  #arrived = 0
  #running: { work: Work; release: string }[] = []

  static async begin(seed: number, size: Size): Promise<History> {
    const clock = new VirtualClock()
    return new History(seed, size, clock, await openSqlite({ path: ':memory:', thread: false, clock }))
  }

  private constructor(seed: number, size: Size, clock: VirtualClock, store: Store) {
    this.random = seeded(seed)
    this.world = new World(factsOf(this.random, size, clock.now()))
    this.clock = clock
    this.store = store
  }

  /** Something happens: events arrive, a lease is taken, an attempt ends. */
  async step(): Promise<void> {
    const dice = this.random()
    if (dice < 0.4) await this.#arrive(1 + Math.floor(this.random() * 3))
    else if (dice < 0.7) await this.#lease()
    else await this.#end()
  }

  /** Everything arrives and ends well or badly, as the releases that run now do it. */
  async drain(): Promise<void> {
    await this.#arrive(this.world.facts.length)
    for (;;) {
      await this.#lease(100)
      if (this.#running.length === 0) return
      while (this.#running.length > 0) await this.#end()
    }
  }

  close(): Promise<void> {
    return this.store.close()
  }

  async #arrive(count: number): Promise<void> {
    const facts = this.world.facts.slice(this.#arrived, this.#arrived + count)
    this.#arrived += facts.length
    if (facts.length === 0) return
    await this.store.ledger.admit(facts.map((fact) => envelope(this.clock, enveloped(fact))))
  }

  async #lease(max = 1): Promise<void> {
    const release = pick(this.random, this.releases)
    const want = { max, waitMs: 0, worker: `worker of ${release}`, release, handles: HANDLES }
    for (const work of await this.store.ledger.lease(want)) {
      this.world.leased(work, release)
      this.#running.push({ work, release })
    }
  }

  async #end(): Promise<void> {
    const one = pick(this.random, this.#running)
    if (!one) return
    this.#running = this.#running.filter((other) => other !== one)
    const { work, release } = one
    const dice = this.random()
    const end = dice < 0.1 ? 'waiting' : dice < 0.25 && release === BAD ? 'dead' : 'worked'
    // An effect comes before its outcome, and what goes wrong may go wrong after it.
    if (end !== 'waiting' || dice < 0.05) release === BAD ? this.world.workBadly(work) : this.world.workWell(work)
    this.world.ended(work, end)
    const outcome = OUTCOMES[end]
    await this.store.ledger.settle([{ work, outcome, returned: [] }])
  }
}

const OUTCOMES = {
  worked: { kind: 'done', reason: 'worked' },
  dead: { kind: 'dead', reason: 'exhausted', error: null },
  waiting: { kind: 'retry', delayMs: 0, reason: 'failed', error: null },
} as const

function factsOf(random: Random, { events, objects }: Size, startAt: number): Fact[] {
  const made = Array.from({ length: events }, (_, n) => ({
    id: `evt_${n}`,
    object: random() < 0.1 ? null : `sub_${Math.floor(random() * objects)}`,
    // Few seconds and few ranks, so that many events share them.
    createdAt: startAt + Math.floor(between(random, 0, 8)) * 1_000,
    rank: pick(random, RANKS),
  }))
  return shuffled(random, made).map((fact, n) => ({ ...fact, n }))
}

/** Two objects share a customer, so lanes hold more than one object. */
const enveloped = ({ id, object, createdAt, rank, n }: Fact) => {
  const customer = object === null ? `cus_of_${n}` : `cus_${Math.floor(Number(object.slice('sub_'.length)) / 2)}`
  return { id, object, createdAt, rank, customer, lane: `default/test:${customer}` }
}
