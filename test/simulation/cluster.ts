import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import { between, type Random, seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { Handlers } from '../../src/processing/handlers.ts'
import { Worker } from '../../src/processing/worker.ts'
import type { Entry, Store } from '../../src/store/store.ts'
import { readEvent, toEnvelope } from '../../src/stripe/shapes.ts'
import { someFail, withFaults } from '../../src/testing/faults.ts'
import { checkEnd, Witness } from './cluster/checkers.ts'
import { deliveries, type Sent } from './cluster/deliveries.ts'
import { LateHand } from './cluster/late-hand.ts'
import { LedgerFile } from './cluster/ledger-file.ts'
import { calm, EFFECTS, handlersOf, type Moods } from './cluster/work.ts'

const COUNT = 100
const WITHIN_MS = 60_000
/** Stripe sends again what was not acknowledged. */
const REDELIVERY_MS = 3_000
const STEP_MS = 100
/** By then everything is done, or it never will be. */
const END_MS = 20 * 60_000
const POLICY = {
  retry: { attempts: 6, baseMs: 200, factor: 2, maxMs: 5_000 },
  ...{ lostMax: 3, laterMaxMs: 60_000, retryBudget: 0.1 },
}

export interface Report {
  readonly events: number
  readonly crashes: number
  readonly restarts: number
  readonly dead: number
  readonly mails: number
  /** Of everything that happened to every event, in order: the same seed gives the same. */
  readonly digest: string
}

/**
 * The whole path on a clock that stands still until told: a merchant's deliveries with all that may happen to them, the
 * ledger on a file, the worker, handlers that fail in every way, crashes, a store over a bad line. Rejects when anything
 * acknowledged is lost, worked twice in effect or out of order, or when the money is wrong.
 */
export async function simulate(seed: number): Promise<Report> {
  const simulation = new Simulation(seed)
  try {
    return await simulation.run()
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new Error(`seed ${seed}: ${what}; rerun: npm run fuzz -- --seed ${seed}`, { cause: error })
  } finally {
    await simulation.end()
  }
}

/** One process: what dies in a crash. */
interface Life {
  readonly store: Store
  readonly worker: Worker
  readonly handlers: Handlers
}

class Simulation {
  readonly #random: Random
  readonly #lateHand: LateHand
  readonly #clock = new VirtualClock()
  readonly #file = new LedgerFile(this.#clock)
  readonly #strict: boolean
  readonly #witness = new Witness()
  readonly #startAt = this.#clock.now()
  readonly #ghosts: Life[] = []
  readonly #seed: number
  #life: Life | null = null
  #moods: Moods = { throws: 0.1, later: 0.03, dead: 0.02, hangs: 0.02 }
  #faults = 0.02
  #lives = 0
  #crashes = 0
  #restarts = 0
  #reopened = 0
  #broken: unknown = null

  constructor(seed: number) {
    this.#seed = seed
    this.#random = seeded(seed)
    this.#lateHand = new LateHand(seeded(seed + 3))
    this.#strict = seed % 2 === 0
  }

  async run(): Promise<Report> {
    await this.#begin()
    const sent = deliveries({ seed: this.#seed, startAt: this.#startAt, count: COUNT, withinMs: WITHIN_MS })
    for (const one of sent) this.#clock.after(one.afterMs, () => void this.#deliver(one))
    let crashAt = this.#after(2_000, 15_000)
    let operateAt = this.#after(1_000, 5_000)
    while (this.#clock.now() < this.#startAt + WITHIN_MS) {
      await this.#step()
      if (this.#clock.now() >= operateAt) {
        operateAt = this.#after(1_000, 5_000)
        await this.#operate()
        for (let n = 0; n < 3; n++) await this.#lateHand.tries(this.#life!.store)
      }
      if (this.#clock.now() < crashAt) continue
      crashAt = this.#after(2_000, 15_000)
      if (this.#random() < 0.3) await this.#restart()
      else await this.#crash()
    }
    return this.#settle(sent)
  }

  /** All trouble ends, and in time everything is done. */
  async #settle(sent: readonly Sent[]): Promise<Report> {
    this.#moods = calm
    this.#faults = 0
    while (!(await this.#through(sent))) {
      assert.ok(this.#clock.now() < this.#startAt + END_MS, 'it does not come to an end')
      await this.#operate()
      await this.#step()
    }
    const entries = await this.#entries()
    checkEnd(this.#witness, entries, this.#effects())
    const told = await this.#life!.store.ledger.changes(null, 1_000_000)
    return {
      ...{ events: entries.length, crashes: this.#crashes, restarts: this.#restarts },
      ...{ dead: this.#reopened, mails: this.#witness.mailCount },
      digest: createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 12),
    }
  }

  async end(): Promise<void> {
    const lives = [...this.#ghosts, ...(this.#life ? [this.#life] : [])]
    const stopped = Promise.all(lives.map(({ worker }) => worker.stop()))
    await this.#clock.advance(30_000)
    await stopped
    for (const { store } of lives) await store.close()
    this.#file.remove()
  }

  async #begin(): Promise<void> {
    const life = ++this.#lives
    const store = await this.#file.open()
    const random = seeded(Math.floor(this.#random() * 2 ** 32))
    const bad = withFaults(this.#lateHand.watch(store), (call) => someFail(this.#faults, random)(call))
    const handlers = handlersOf({
      ...{ witness: this.#witness, random, strict: this.#strict, moods: () => this.#moods, store },
      alive: () => life === this.#lives,
      checking: (check) => this.#checking(check),
    })
    const worker = new Worker({
      ...{
        store: bad,
        handlers,
        policy: POLICY,
        clock: this.#clock,
        random,
        log: silent,
        name: `worker ${life}`,
        release: 'r1',
      },
      ...{
        concurrency: 6,
        drainMs: 7_000,
        meter: { count() {}, attemptSeconds() {}, settleLagSeconds() {}, putOff() {} },
      },
    })
    this.#life = { store, worker, handlers }
    await worker.start()
  }

  /** The process dies; what it still does, it does to files that nobody looks at any more. */
  async #crash(): Promise<void> {
    this.#crashes++
    this.#file.crash()
    this.#witness.crashed()
    this.#ghosts.push(this.#life!)
    void this.#life!.worker.stop()
    await this.#begin()
  }

  /** The process is told to stop, and another starts: nothing may stay leased. */
  async #restart(): Promise<void> {
    this.#restarts++
    const { worker, store } = this.#life!
    let stopped = false
    void worker.stop().then(() => {
      stopped = true
    })
    while (!stopped) await this.#step()
    this.#witness.crashed()
    await store.close()
    await this.#begin()
  }

  /** Delivers until it is acknowledged by a process that still lives. */
  async #deliver(sent: Sent): Promise<void> {
    const life = this.#life!
    const reading = readEvent(sent.body)
    assert.ok(reading.ok)
    const arrival = { body: sent.body, account: 'default', endpoint: 'default', via: 'webhook', mode: 'both' } as const
    const envelope = toEnvelope(reading.event, arrival)
    this.#witness.sent(envelope)
    const answer = await withFaults(life.store, someFail(this.#faults, this.#random))
      .ledger.admit([envelope])
      .catch(() => ['failed'])
    // An answer of a process that died is heard by nobody.
    const heard = life === this.#life && (answer[0] === 'new' || answer[0] === 'repeat')
    if (heard) this.#witness.acknowledge(envelope, sent.truth)
    else this.#clock.after(REDELIVERY_MS, () => void this.#deliver(sent))
  }

  /** What an operator does all day: brings dead letters back, holds something, lets it go again. */
  async #operate(): Promise<void> {
    const { ledger } = this.#life!.store
    const note = { by: 'operator', why: 'simulation' }
    this.#reopened += await ledger.move(
      { query: { state: 'dead' }, limit: 1_000 },
      { kind: 'reopen', forget: 'nothing' },
      note,
    )
    await ledger.move({ query: { held: true }, limit: 1_000 }, { kind: 'release' }, note)
    if (this.#moods !== calm) {
      const { data } = await ledger.find({ state: 'waiting', limit: 3 })
      await ledger.move({ refs: data.map(({ ref }) => ref) }, { kind: 'hold' }, note)
    }
  }

  #checking(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#broken ??= error
    }
  }

  async #step(): Promise<void> {
    await this.#clock.advance(STEP_MS)
    for (let turn = 0; turn < 8; turn++) await settled()
    if (this.#broken) throw this.#broken
  }

  async #through(sent: readonly Sent[]): Promise<boolean> {
    const { ready, scheduled, held, running, dead } = await this.#life!.store.ledger.backlog()
    const ids = new Set(sent.map(({ truth }) => truth.id))
    return this.#witness.acknowledged.size === ids.size && ready + scheduled + held + running + dead === 0
  }

  async #entries(): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    let cursor: string | null = null
    do {
      const page = await this.#life!.store.ledger.find({ limit: 500, cursor })
      entries.push(...page.data)
      cursor = page.next
    } while (cursor !== null)
    return entries
  }

  #effects(): { id: string; amount: number }[] {
    const db = new DatabaseSync(this.#file.path)
    db.exec(EFFECTS)
    const rows = db.prepare('select id, amount from effects').all()
    db.close()
    return rows.map((row) => ({ id: String(row['id']), amount: Number(row['amount']) }))
  }

  #after(low: number, high: number): number {
    return this.#clock.now() + between(this.#random, low, high)
  }
}
