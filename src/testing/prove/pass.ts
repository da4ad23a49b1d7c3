import { seeded } from '../../core/random.ts'
import type { Handler } from '../../processing/handlers.ts'
import type { Entry } from '../../store/store.ts'
import { type MemoryLedger, memoryLedger } from '../memory.ts'
import { createProcess, type TestProcess } from '../process.ts'
import { elapse, rest, type Scene, turns } from '../rest.ts'
import { wrapping } from '../test-cluster.ts'
import { UnderWay } from '../under-way.ts'
import { Attempt, type Call } from './attempt.ts'
import { Calls } from './calls.ts'
import { type Plain, plain, same } from './difference.ts'
import { Line, never } from './line.ts'
import { straight, within } from './outside.ts'
import type { Plan, Round } from './plan.ts'
import { envelopeOf, type Trial } from './trial.ts'

/** What became of one pass. */
export interface Passed {
  readonly state: Plain
  /** By event: `done worked`, `dead exhausted`, ... */
  readonly ends: readonly string[]
  readonly attempts: readonly Attempt[]
  readonly strays: readonly Stray[]
}

/** Something that went on after its handler had returned: a call, or (null) something that only the state shows. */
export interface Stray {
  readonly attempt: Attempt
  readonly call: Call | null
}

/** Goes through the events once, by the plan, with a ledger, a clock and processes of its own. */
export async function passThrough(trial: Trial, plan: Plan): Promise<Passed> {
  const startAt = Math.max(...trial.events.map(({ created }) => created * 1_000)) + AFTER_MS
  const pass = new Pass(trial, plan, await memoryLedger(startAt))
  try {
    return await pass.run()
  } finally {
    await pass.close()
  }
}

/** Everything has happened by then; now it is told of. */
const AFTER_MS = 60_000
/** Between two deliveries: some retries come before the next event, some after it. */
const GAP_MS = 2_000
/** Short, so that a pass is: what is tried is that attempts are made again, not when. */
const RETRY = { attempts: 8, baseMs: 2_000, factor: 2, maxMs: 60_000 }

interface Life {
  readonly process: TestProcess
  readonly line: Line
}

class Pass {
  readonly #trial: Trial
  readonly #plan: Plan
  readonly #ledger: MemoryLedger
  readonly #scene: Scene
  readonly #underWay = new UnderWay()
  readonly #lives: Life[] = []
  readonly #graves: Life[] = []
  readonly #attempts: Attempt[] = []
  readonly #strays: Stray[] = []
  readonly #calls: Calls
  /** What the state was when the last handler returned. */
  #returned: { attempt: Attempt; state: Plain } | null = null
  #begun = 0
  #broken: unknown = null
  #release: () => void = () => {}

  constructor(trial: Trial, plan: Plan, ledger: MemoryLedger) {
    this.#trial = trial
    this.#plan = plan
    this.#ledger = ledger
    this.#scene = { ledger: ledger.store.ledger, clock: ledger.clock, underWay: this.#underWay }
    const end = new Promise<void>((resolve) => {
      this.#release = resolve
    })
    this.#calls = new Calls({
      ...{ faults: plan.faults, kinds: trial.kinds, underWay: this.#underWay, end },
      jitter: plan.jitter === null ? null : seeded(plan.jitter),
      die: ({ line }) => void this.#die(line),
      stray: (attempt, call) => void this.#strays.push({ attempt, call }),
    })
  }

  async run(): Promise<Passed> {
    await this.#trial.reset({ db: this.#ledger.db })
    for (let n = 0; n < this.#plan.processes; n++) await this.#begin()
    for (const round of this.#plan.rounds) await this.#round(round)
    await this.#rest()
    if (this.#plan.replays === 'end')
      for (const { events, process } of this.#plan.rounds) await this.#replay(events, process + 1)
    // Whoever was kept waiting goes on, late.
    this.#release()
    await turns(LATE_TURNS)
    await this.#rest()
    return {
      state: await this.#state(),
      ends: (await this.#entries()).map(({ state, reason }) => (reason === null ? state : `${state} ${reason}`)),
      attempts: this.#attempts,
      strays: this.#strays,
    }
  }

  async close(): Promise<void> {
    for (const { line } of [...this.#lives, ...this.#graves]) line.cut()
    await this.#ledger.store.close()
  }

  async #round({ events, process }: Round): Promise<void> {
    this.#only(process)
    const admitted = await this.#ledger.store.ledger.admit(events.map((n) => envelopeOf(this.#trial.events[n]!)))
    if (!admitted.every((answer) => answer === 'new'))
      throw new Error(
        'The ledger does not take these `events`: two share an id, or one is over 400 days older than the last.',
      )
    if (this.#plan.storm === null || this.#plan.replays !== 'none') await this.#rest()
    else await elapse(this.#scene, GAP_MS)
    if (this.#plan.storm === null) await this.#watchState()
    if (this.#plan.replays === 'each') await this.#replay(events, process + 1)
  }

  async #rest(): Promise<void> {
    await rest(this.#scene)
    if (this.#broken) throw this.#broken
  }

  async #replay(events: readonly number[], process: number): Promise<void> {
    this.#only(process)
    const entries = await this.#entries()
    const refs = events.flatMap((n) => (entries[n]?.state === 'done' ? [entries[n].ref] : []))
    const to = { kind: 'reopen', forget: 'handlers' } as const
    await this.#ledger.store.ledger.move({ refs }, to, { by: 'prove', why: 'a replay' })
    await this.#rest()
  }

  // Processes.

  async #begin(): Promise<void> {
    const { seed, start } = this.#trial
    const starting = {}
    this.#underWay.moves(starting)
    const line = new Line(this.#ledger.store)
    const { clock } = this.#ledger
    const number = ++this.#begun
    const process = createProcess({ store: line.store, clock, seed: seed + number, processing: { retry: RETRY } })
    const on = wrapping(process.handlers.on, (handler, name) => this.#watched(handler, { name, line, process: number }))
    await straight(async () => start({ on }))
    this.#lives.push({ process, line })
    await process.worker?.start()
    this.#underWay.leaves(starting)
  }

  /** The process is gone with all that it knew, and another one begins. */
  async #die(line: Line): Promise<void> {
    line.cut()
    const at = this.#lives.findIndex((life) => life.line === line)
    this.#graves.push(...this.#lives.splice(at, 1))
    for (const attempt of this.#attempts) if (attempt.line === line) this.#underWay.leaves(attempt)
    try {
      await this.#trial.onCrash()
      await this.#begin()
    } catch (error) {
      this.#broken ??= error
    }
  }

  #only(number: number): void {
    for (const [n, { line }] of this.#lives.entries()) {
      if (n === number % this.#lives.length) line.wake()
      else line.silence()
    }
  }

  // Handlers.

  #watched(handler: Handler, { name, line, process }: { name: string; line: Line; process: number }): Handler {
    return async (event, real) => {
      const at = this.#trial.events.findIndex(({ id }) => id === event.id)
      const n = this.#attempts.filter((one) => one.event === at && one.handler === name).length + 1
      const attempt = new Attempt({ event: at, handler: name, n, line, process })
      this.#attempts.push(attempt)
      this.#underWay.moves(attempt)
      const through = (call: string, make: () => unknown) => this.#calls.make(attempt, () => real.signal, call, make)
      try {
        const value = await within(through, async () => handler(event, this.#calls.context(attempt, real)))
        return await this.#returns(attempt, value)
      } catch (error) {
        attempt.ended = `threw ${error instanceof Error ? error.message : String(error)}`
        throw error
      } finally {
        this.#underWay.leaves(attempt)
      }
    }
  }

  async #returns(attempt: Attempt, value: unknown): Promise<unknown> {
    if (attempt.line.dead) return never
    attempt.ended = 'returned'
    const open = attempt.calls.find(({ answered }) => !answered)
    if (open) this.#strays.push({ attempt, call: open })
    if (this.#plan.storm === null) this.#returned = { attempt, state: await this.#state() }
    if (!this.#calls.faultOf(attempt, null)) return value
    attempt.ended = 'returned, then the process died'
    await this.#die(attempt.line)
    return never
  }

  /** Has something gone on after the return that no call has shown? */
  async #watchState(): Promise<void> {
    const returned = this.#returned
    this.#returned = null
    if (returned && !same(returned.state, await this.#state()))
      this.#strays.push({ attempt: returned.attempt, call: null })
  }

  async #state(): Promise<Plain> {
    return plain(await straight(async () => this.#trial.state({ db: this.#ledger.db })))
  }

  async #entries(): Promise<(Entry & { ref: number })[]> {
    const { ledger } = this.#ledger.store
    const pages = this.#trial.events.map(async ({ id }) => (await ledger.find({ id, limit: 1 })).data)
    return (await Promise.all(pages)).flat()
  }
}

/** A late answer, and what its handler still does with it. */
const LATE_TURNS = 50
