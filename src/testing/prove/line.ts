import type { Ledger, SettleIn, Store } from '../../store/store.ts'

/** One process's line to the ledger: cut when the process dies, silent while another one is to work. */
export class Line {
  readonly store: Store
  #dead = false
  /** While silent: resolves when it is woken. */
  #silent: Promise<void> | null = null
  #resume: () => void = () => {}
  #lease = new AbortController()

  constructor(store: Store) {
    const { transact, settleIn } = store
    this.store = {
      ...store,
      ledger: { ...this.#each(store.ledger), lease: (want, signal) => this.#leased(store.ledger, want, signal) },
      transact: transact && ((work, handler, write) => this.#over(() => transact(work, handler, write))),
      settleIn: settleIn && this.#each(settleIn),
    }
  }

  get dead(): boolean {
    return this.#dead
  }

  /** From here on nothing goes through, and whoever waits for an answer waits for ever. */
  cut(): void {
    this.#dead = true
    this.#lease.abort()
  }

  /** Leases nothing until it is woken; what is leased is worked to its end. */
  silence(): void {
    this.#silent ??= new Promise((resolve) => {
      this.#resume = resolve
    })
    this.#lease.abort()
  }

  wake(): void {
    this.#silent = null
    this.#resume()
  }

  async #leased(ledger: Ledger, want: Parameters<Ledger['lease']>[0], signal?: AbortSignal) {
    while (this.#silent) await this.#silent
    this.#lease = new AbortController()
    const signals = signal ? [signal, this.#lease.signal] : [this.#lease.signal]
    return this.#over(() => ledger.lease(want, AbortSignal.any(signals)))
  }

  async #over<V>(call: () => Promise<V>): Promise<V> {
    if (this.#dead) return never
    const answer = await call().finally(() => this.#dead && never)
    return answer
  }

  #each<Part extends Ledger | SettleIn>(part: Part): Part {
    const calls = Object.entries(part as unknown as Record<string, (...args: never[]) => Promise<unknown>>)
    const over = calls.map(([name, call]) => [name, (...args: never[]) => this.#over(() => call(...args))])
    return Object.fromEntries(over) as Part
  }
}

/** What a dead process waits for. */
export const never: Promise<never> = new Promise(() => {})
