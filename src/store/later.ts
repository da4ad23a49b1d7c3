import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import type { Controls, EdgeKeys, Journal, Ledger, Locks, Store } from './store.ts'
import type { Workers } from './workers.ts'

/** A store, and whether it is there. */
export interface Sought {
  readonly store: Store
  /** Why it could not be opened the last time, in a sentence; null: it is open. */
  away(): string | null
}

export interface SeekOptions {
  /** Tried until it succeeds. */
  readonly open: () => Promise<Store>
  /** Errors that pass. Any other one at the first try is the caller's. */
  readonly passing: (error: unknown) => boolean
  readonly clock: Clock
  readonly log: Logger
}

/** As often is a ledger looked for that is away. */
const SEEK_MS = 5_000

/**
 * For whoever can do without its store for a while: one that cannot be reached is looked for again until it is there. Until then all
 * that is asked of it rejects with why.
 */
export async function seekStore(options: SeekOptions): Promise<Sought> {
  try {
    const store = await options.open()
    return { store, away: () => null }
  } catch (error) {
    if (!options.passing(error)) throw error
    const seeker = new Seeker(options, error as Error)
    return { store: storeOver(seeker), away: () => seeker.error?.message ?? null }
  }
}

class Seeker {
  /** Of the last try; null when it is open. */
  error: Error | null
  readonly #options: SeekOptions
  #store: Store | null = null
  #cancel = () => {}
  #trying: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: SeekOptions, error: Error) {
    this.#options = options
    this.error = error
    options.log.warn({}, `the ledger is away, and is looked for every ${SEEK_MS / 1_000} s: ${error.message}`)
    this.#plan()
  }

  /** @throws why there is none. */
  get(): Store {
    if (this.#store) return this.#store
    throw this.error
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    await this.#trying
    await this.#store?.close()
  }

  #plan(): void {
    this.#cancel = this.#options.clock.after(SEEK_MS, () => {
      this.#trying = this.#try()
    })
  }

  async #try(): Promise<void> {
    const { open, log } = this.#options
    try {
      this.#store = await open()
      this.error = null
      log.info({}, 'the ledger is there')
    } catch (error) {
      // It may be there and not fit: that is another sentence.
      if ((error as Error).message !== this.error?.message) log.warn({}, (error as Error).message)
      this.error = error as Error
      if (!this.#closed) this.#plan()
    }
  }
}

const LEDGER = [
  ...(['admit', 'keep', 'lease', 'settle', 'giveBack', 'renew', 'remember', 'hold', 'find', 'open'] as const),
  ...(['strays', 'move', 'restore', 'changes', 'backlog'] as const),
] satisfies (keyof Ledger)[]

function storeOver(seeker: Seeker): Store {
  return {
    name: 'postgres',
    ledger: late<Ledger>(() => seeker.get().ledger, LEDGER),
    controls: late<Controls>(() => seeker.get().controls, ['put', 'live', 'lift']),
    journal: late<Journal>(() => seeker.get().journal, ['write', 'page', 'verify']),
    locks: late<Locks>(() => seeker.get().locks, ['take', 'release']),
    edgeKeys: late<EdgeKeys>(() => seeker.get().edgeKeys, ['offer', 'known', 'destroy']),
    workers: late<Workers>(() => seeker.get().workers, ['beat', 'leave']),
    // Nobody who works does so without his ledger.
    transact: null,
    settleIn: null,
    check: async () => seeker.get().check(),
    backup: async (...asked) => seeker.get().backup(...asked),
    close: () => seeker.close(),
  }
}

/** The same calls, of what is there when they are made. */
function late<Part extends object>(part: () => Part, names: readonly (keyof Part & string)[]): Part {
  const call =
    (name: keyof Part) =>
    async (...args: unknown[]) =>
      (part()[name] as (...args: unknown[]) => unknown)(...args)
  return Object.fromEntries(names.map((name) => [name, call(name)])) as Part
}
