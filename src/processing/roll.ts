import type { Clock } from '../core/clock.ts'
import type { Logger, Service } from '../core/service.ts'
import type { Handles } from '../store/store.ts'
import type { Alive, Workers } from '../store/workers.ts'
import type { Handlers } from './handlers.ts'
import { note } from './note.ts'
import { type Share, shareOf } from './roster.ts'

/** How often a worker says that it lives, and so how late it hears of a new one. */
const BEAT_MS = 5_000

/** So many beats may be missed, before others take over what only this worker handles. */
const MISSED_MAX = 3

export interface RollOptions {
  readonly workers: Workers
  readonly handlers: Pick<Handlers, 'handles'>
  readonly clock: Clock
  readonly log: Logger
  readonly name: string
  readonly release: string
}

/** This worker's heartbeat, and what it hears of the others. While the store is away, those last heard of count. */
export class Roll implements Service {
  readonly #options: RollOptions
  #live: readonly Alive[] = []
  #running = false
  #beating: Promise<void> = Promise.resolve()
  #cancel: () => void = () => {}

  constructor(options: RollOptions) {
    this.#options = options
  }

  /** Resolves after the first beat: whoever leases first has been heard of. */
  async start(): Promise<void> {
    if (this.#running) return this.#beating
    this.#running = true
    await this.#round()
  }

  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    this.#cancel()
    await this.#beating
    await this.#options.workers.leave(this.#options.name).catch((error) => this.#complain(error))
  }

  share(handles: readonly Handles[]): Share {
    const { name, release } = this.#options
    return shareOf({ name, release, handles }, this.#live)
  }

  async #round(): Promise<void> {
    this.#beating = this.#beat()
    await this.#beating
    if (this.#running) this.#cancel = this.#options.clock.after(BEAT_MS, () => void this.#round())
  }

  async #beat(): Promise<void> {
    const { workers, handlers, name, release } = this.#options
    const handles = handlers.handles(1).map((one) => ({ pattern: one.pattern, name: one.name }))
    try {
      this.#live = await workers.beat({ name, release, handles, ttlMs: MISSED_MAX * BEAT_MS })
    } catch (error) {
      this.#complain(error)
    }
  }

  #complain(error: unknown): void {
    this.#options.log.debug(note(error, null), 'a heartbeat did not reach the ledger')
  }
}
