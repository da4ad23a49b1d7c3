import type { Clock } from '../core/clock.ts'
import type { Logger, Service } from '../core/service.ts'
import type { Control, Hold, Store } from '../store/store.ts'
import { note } from './note.ts'

/** A control works at the latest so much after it was written, and so much after it expired. */
const EVERY_MS = 1_000

export interface ControlWatchOptions {
  readonly store: { readonly controls: Pick<Store['controls'], 'live'>; readonly ledger: Pick<Store['ledger'], 'hold'> }
  readonly clock: Clock
  readonly log: Logger
}

/** Reads the live controls and does what they wish: pauses become holds of the ledger, reroutes are answered to `forward`. */
export class ControlWatch implements Service {
  readonly #options: ControlWatchOptions
  #running = false
  #held: string | null = null
  #troubled = false
  #rerouted: ReadonlySet<string> = new Set()
  #reading: Promise<void> = Promise.resolve()
  #queued = 0
  #cancel: () => void = () => {}

  constructor(options: ControlWatchOptions) {
    this.#options = options
  }

  /** Resolves when the controls that live now are in force, so that nothing paused is leased at the start. */
  async start(): Promise<void> {
    if (this.#running) return this.#reading
    this.#running = true
    await this.#round()
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#cancel()
    await this.#reading
  }

  /** Resolves when what was written before the call is in force. */
  poke(): Promise<void> {
    // One read is under way and one waits: more would see nothing else.
    if (this.#queued < 1) {
      this.#queued++
      this.#reading = this.#reading.then(() => {
        this.#queued--
        return this.#read()
      })
    }
    return this.#reading
  }

  /** Do events of that destination go to its secondary just now? */
  rerouted(destination: string): boolean {
    return this.#rerouted.has(destination)
  }

  async #round(): Promise<void> {
    await this.poke()
    if (!this.#running) return
    this.#cancel = this.#options.clock.after(EVERY_MS, () => void this.#round())
  }

  /** While the controls cannot be read, what was last known stays in force. */
  async #read(): Promise<void> {
    const { store, log } = this.#options
    try {
      await this.#apply(await store.controls.live())
      if (this.#troubled) log.info({}, 'the controls can be read again')
      this.#troubled = false
    } catch (error) {
      if (!this.#troubled) log.warn(note(error, null), 'the controls cannot be read; the last known ones stay in force')
      this.#troubled = true
    }
  }

  async #apply(live: readonly Control[]): Promise<void> {
    this.#rerouted = new Set(live.flatMap(({ kind, target }) => (kind === 'reroute' ? (target.destination ?? []) : [])))
    const holds = live.filter(({ kind }) => kind === 'pause').map(holdOf)
    const wanted = JSON.stringify(holds)
    if (wanted === this.#held) return
    await this.#options.store.ledger.hold(holds)
    this.#held = wanted
  }
}

function holdOf({ id, target: { types, lanes, accounts } }: Control): Hold {
  return { why: `pause:${id}`, ...(types && { types }), ...(lanes && { lanes }), ...(accounts && { accounts }) }
}
