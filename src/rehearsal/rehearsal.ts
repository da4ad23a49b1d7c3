import type { Clock } from '../core/clock.ts'
import type { Event } from '../core/event.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'
import { silent } from '../core/service.ts'
import type { Policy } from '../processing/decide.ts'
import type { Handlers } from '../processing/handlers.ts'
import { Worker } from '../processing/worker.ts'
import type { Recorded, Recording } from '../store/recording.ts'
import type { Ledger, Ref, Settlement, Store, Work } from '../store/store.ts'
import { Trial } from './trial.ts'
import { type Rehearsed, rehearsedAs } from './verdict.ts'

export interface RehearsalOptions {
  readonly recording: Recording
  /** An empty ledger, to be thrown away: its lanes and rooms are those of the real one. */
  readonly scratch: Store
  readonly handlers: Handlers
  readonly concurrency: number
  readonly clock: Clock
  readonly random: Random
  readonly on: Listener
}

/** Hears what becomes of each event. */
export interface Listener {
  /** Its first handler begins. */
  begun(recorded: Recorded): void
  /** It met something that a rehearsal does not do; perhaps after it ended. */
  met(ref: Ref, what: string): void
  ended(recorded: Recorded, rehearsed: Rehearsed): void
}

/** So many bodies are in memory at most. */
const WAITING_MAX = 512

/** One attempt, and nobody waits for another. A handler's own schedule changes nothing in that: its delay is never waited for. */
const POLICY: Policy = {
  retry: { attempts: 1, baseMs: 1, factor: 1, maxMs: 1 },
  ...{ lostMax: Number.POSITIVE_INFINITY, laterMaxMs: Number.POSITIVE_INFINITY, retryBudget: 1 },
}

/** Recorded events over the present handlers, by the worker that works them in production. */
export class Rehearsal {
  readonly #options: RehearsalOptions
  readonly #recorded = new Map<string, Recorded>()
  readonly #trials = new Map<number, { trial: Trial; recorded: Recorded }>()
  #left: Ref[] = []
  #open = 0
  #feeding: Promise<void> = Promise.resolve()
  #through = Promise.withResolvers<void>()

  constructor(options: RehearsalOptions) {
    this.#options = options
  }

  /** The trial of a lease; asked when a handler begins. */
  trialOf(fence: number): Trial {
    const { trial, recorded } = this.#trials.get(fence)!
    this.#options.on.begun(recorded)
    return trial
  }

  /** Resolves when each of the events, given oldest first, has ended. */
  async run(refs: readonly Ref[]): Promise<void> {
    const { recording, handlers, clock, random, concurrency } = this.#options
    this.#left = [...refs].reverse()
    this.#through = Promise.withResolvers()
    const worker = new Worker({
      ...{
        store: { ledger: this.#ledger(), transact: recording.transact, settleIn: null },
        handlers,
        policy: POLICY,
        clock,
        random,
      },
      ...{ log: silent, meter: { count() {}, attemptSeconds() {}, settleLagSeconds() {}, putOff() {} } },
      ...{ name: 'rehearsal', release: 'rehearsal', concurrency, drainMs: 0 },
    })
    await this.#feed()
    await worker.start()
    if (this.#open > 0) await this.#through.promise
    await worker.stop()
  }

  /** The scratch ledger, with the recorded memory added and every end noted and then taken as done. */
  #ledger(): Ledger {
    const { ledger } = this.#options.scratch
    return {
      ...ledger,
      lease: async (want, signal) => (await ledger.lease(want, signal)).map((work) => this.#leased(work)),
      settle: async (results) => {
        for (const { work, outcome } of results) this.#ended(work.fence, outcome)
        const settled = await ledger.settle(
          results.map(({ work }): Settlement => ({ work, outcome: DONE, returned: [] })),
        )
        this.#feeding = this.#feeding.then(() => this.#feed())
        return settled
      },
      remember: async () => true,
    }
  }

  #leased(work: Work): Work {
    const recorded = this.#recorded.get(keyOf(work.event))!
    const trial = new Trial(work.event.body, (what) => this.#options.on.met(recorded.ref, what))
    this.#trials.set(work.fence, { trial, recorded })
    return { ...work, twinOf: null, remembered: recorded.remembered }
  }

  #ended(fence: number, outcome: Outcome): void {
    const { recorded } = this.#trials.get(fence)!
    this.#trials.delete(fence)
    this.#forget(recorded)
    this.#options.on.ended(recorded, rehearsedAs(outcome))
  }

  #forget({ event }: Recorded): void {
    if (this.#recorded.delete(keyOf(event))) this.#open--
  }

  /** Brings in the next events, in the order of their arrival. */
  async #feed(): Promise<void> {
    while (this.#left.length > 0 && this.#open < WAITING_MAX) {
      const batch: Recorded[] = []
      while (this.#left.length > 0 && this.#open < WAITING_MAX) {
        const recorded = this.#options.recording.read(this.#left.pop()!)
        if (!recorded) continue
        this.#recorded.set(keyOf(recorded.event), recorded)
        batch.push(recorded)
        this.#open++
      }
      const answers = await this.#options.scratch.ledger.admit(batch.map(({ event }) => event))
      // One that is by now too old for any ledger is left out.
      for (const [n, answer] of answers.entries()) if (answer !== 'new') this.#forget(batch[n]!)
    }
    if (this.#open === 0) this.#through.resolve()
  }
}

const DONE: Outcome = { kind: 'done', reason: 'worked' }

const keyOf = ({ id, tenant }: Event): string => JSON.stringify([tenant.account, tenant.connected, tenant.livemode, id])
