import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { breath, systemClock } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import type { Envelope } from '../../src/core/event.ts'
import { between, pick, type Random, seeded } from '../../src/core/random.ts'
import { openPool } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Ledger, Store, Want, Work } from '../../src/store/store.ts'
import { DONE, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { pooled, skip } from '../conformance/pooled.ts'
import { ownSchema } from '../conformance/postgres.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { seed, sized } from '../size.ts'
import { Wire } from './between.ts'
import { database } from './on-postgres.ts'

// Questions to the server overtake one another as they please, and so do the answers: whatever comes before what, every event is
// worked, once, and those of a lane one after another in the order in which they came.

const place = new Place('any-order')
after(() => place.end())
const behind = pooled(place)

const EVENTS = sized({ tenth: 400, whole: 4_000 })
const LANES = 40
const VISITS = sized({ tenth: 3, whole: 30 })
/** More than that is not sent before some of it was begun. */
const OPEN_MAX = 40
/** So many of the questions, and of the answers. */
const BREAKS = 0.02
/** So many of those that were leased. */
const GIVEN_BACK = 0.1
const DELAYS_MS = [0, 20]
const BREATHS_MAX = 12
/** Of a second each: whatever is open is leased in the meantime. */
const IN_VAIN_MAX = 15

const CASES = [
  { whose: '', breaks: 0, place: postgres, open: database },
  { whose: ' whose connections break', breaks: BREAKS, place: postgres, open: database },
  { whose: ' behind PgBouncer', breaks: 0, place: { skip }, open: behindPooler },
  { whose: ' behind PgBouncer whose connections break', breaks: BREAKS, place: { skip }, open: behindPooler },
]

for (const { whose, breaks, place, open } of CASES) {
  const given = { skip: place.skip }

  test(`one process${whose}, seed ${seed}: nothing is passed by or worked twice`, given, async (t) => {
    const scene = new Scene(await open(t), seeded(seed))
    const only = await scene.join(t)

    scene.breaks = breaks
    await scene.load([only], () => scene.sent >= EVENTS)

    assert.deepEqual(await scene.told([only]), { wrong: [], undone: [] })
  })

  test(`three${whose} and one that comes and goes, seed ${seed}: nor is it there`, given, async (t) => {
    const scene = new Scene(await open(t), seeded(seed))
    const stay = [await scene.join(t), await scene.join(t), await scene.join(t)]

    scene.breaks = breaks
    let gone = false
    const load = scene.load(stay, () => gone)
    for (let visits = 0; visits < VISITS; visits++) {
      const guest = await scene.join(t)
      await guest.worked(EVENTS / 40)
      await guest.leave()
    }
    gone = true
    await load

    assert.deepEqual(await scene.told(stay), { wrong: [], undone: [] })
  })
}

/** Made directly: that needs a session. */
async function behindPooler(t: TestContext): Promise<string> {
  const { direct, pooled, drop } = await ownSchema(await behind())
  t.after(drop)
  await (await openPostgres({ url: direct, migrates: true })).close()
  return pooled
}

class Scene {
  /** How often a question is not heard, and how often its answer is not. */
  breaks = 0
  readonly #url: string
  readonly #random: Random
  /** What came into a lane and has not begun, in order. */
  readonly #waiting = new Map<string, string[]>()
  readonly #running = new Map<string, string>()
  readonly #wrong: string[] = []
  #broke = false
  #sent = 0

  constructor(url: string, random: Random) {
    this.#url = url
    this.#random = random
  }

  async join(t: TestContext): Promise<Process> {
    const pool = await openPool({ url: this.#url, connectionsMax: 8, name: 'test' })
    const wire = new Wire(pool)
    const store = await openPostgres({ url: this.#url, migrates: true, pool })
    wire.delay(async () => {
      await this.#while()
      if (this.#random() >= this.breaks) return
      this.#broke = true
      throw reset()
    })
    const process = new Process(
      store,
      (work) => this.#work(work),
      (settled) => this.#settled(settled),
    )
    t.after(() => process.leave())
    return process
  }

  /** In batches from none at once to many, each to any of them; those of one lane are sent one after another. */
  async load(processes: readonly Process[], enough: () => boolean): Promise<void> {
    while (!enough()) {
      while (this.#undone.length > OPEN_MAX) await this.#while()
      const batch = Array.from({ length: Math.ceil(between(this.#random, 0, 6)) }, () => this.#next())
      const { ledger } = pick(this.#random, processes)
      await untilHeard(() => ledger.admit(batch))
      for (let n = between(this.#random, 0, 3); n > 0; n--) await this.#while()
    }
  }

  /** When all is done, or nobody is given anything any more; all have left then. */
  async told(processes: readonly Process[]): Promise<{ wrong: readonly string[]; undone: readonly string[] }> {
    this.breaks = 0
    await Promise.all(processes.map((process) => process.rested(() => this.#undone.length + this.#running.size === 0)))
    await Promise.all(processes.map((process) => process.leave()))
    return { wrong: this.#wrong, undone: this.#undone }
  }

  get sent(): number {
    return this.#sent
  }

  get #undone(): readonly string[] {
    return [...this.#waiting.values()].flat()
  }

  #next(): Envelope {
    const n = ++this.#sent
    const customer = `cus_${Math.floor(this.#random() * LANES)}`
    // Every third is of an object that is known.
    const object = this.#random() < 1 / 3 ? `in_${customer}` : `in_${n}`
    const createdAt = Math.floor(systemClock.now() / 1_000 - 7_200 + n) * 1_000
    const event = envelope(systemClock, { id: `evt_${n}`, customer, object, createdAt })
    this.#waiting.set(event.lane, [...(this.#waiting.get(event.lane) ?? []), event.id])
    return event
  }

  /** Null: it is done; else for how long it is to be given back. */
  async #work({ event, lane }: Work): Promise<number | null> {
    const running = this.#running.get(lane)
    const first = this.#waiting.get(lane)?.[0]
    if (running) this.#wrong.push(`${event.id} was given while ${running} of its lane ran`)
    if (first !== event.id) this.#wrong.push(`${event.id} was given before ${first}`)
    this.#running.set(lane, event.id)
    const others = () => (this.#waiting.get(lane) ?? []).filter((id) => id !== event.id)
    this.#waiting.set(lane, others())
    await this.#while()
    this.#running.delete(lane)
    if (this.#random() >= GIVEN_BACK) return null
    this.#waiting.set(lane, [event.id, ...others()])
    return pick(this.#random, DELAYS_MS)
  }

  /** Settled before only where the answer to that may have been lost. */
  #settled(settled: string | undefined): void {
    if (settled !== 'settled' && !(this.#broke && settled === 'already')) this.#wrong.push(`a result was ${settled}`)
  }

  async #while(): Promise<void> {
    for (let n = Math.floor(between(this.#random, 0, BREATHS_MAX)); n > 0; n--) await breath()
  }
}

type Works = (work: Work) => Promise<number | null>

/** A store that works all it is given. */
class Process {
  readonly ledger: Ledger
  readonly #store: Store
  readonly #settled: (settled: string | undefined) => void
  readonly #off = new AbortController()
  readonly #working: Promise<void>
  #left: Promise<void> | null = null
  #count = 0
  #inVain = 0
  #heard = () => {}

  constructor(store: Store, work: Works, settled: (settled: string | undefined) => void) {
    this.#store = store
    this.#settled = settled
    this.ledger = store.ledger
    this.#working = this.#works(work)
  }

  /** Resolves when it has worked so many, or is given none. */
  worked(count: number): Promise<void> {
    return this.rested(() => this.#count >= count)
  }

  async rested(enough: () => boolean): Promise<void> {
    this.#inVain = 0
    while (!enough() && this.#inVain < IN_VAIN_MAX) await new Promise<void>((resolve) => (this.#heard = resolve))
  }

  leave(): Promise<void> {
    this.#off.abort()
    return (this.#left ??= this.#working.finally(() => this.#store.close()))
  }

  async #works(work: Works): Promise<void> {
    const want: Want = { max: 20, waitMs: 1_000, worker: 'w', release: 'r', handles: [handler()] }
    const underWay = new Set<Promise<void>>()
    while (!this.#off.signal.aborted) {
      const works = await untilHeard(() => this.ledger.lease(want, this.#off.signal))
      this.#inVain = works.length > 0 ? 0 : this.#inVain + 1
      this.#heard()
      for (const one of works) {
        const done = this.#one(one, work).finally(() => underWay.delete(done))
        underWay.add(done)
      }
    }
    await Promise.all(underWay)
  }

  async #one(one: Work, work: Works): Promise<void> {
    const delayMs = await work(one)
    if (delayMs !== null) return untilHeard(() => this.ledger.giveBack([one], delayMs))
    const [settled] = await untilHeard(() => this.ledger.settle([{ work: one, outcome: DONE, returned: [] }]))
    this.#settled(settled)
    this.#count++
  }
}

const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })

/** Asked again where a connection broke, as Stripe and a worker do. */
async function untilHeard<V>(ask: () => Promise<V>): Promise<V> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!hasCode(error, 'store_failed')) throw error
    }
  }
}
