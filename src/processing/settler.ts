import { ceiling, type RetryPolicy } from '../core/backoff.ts'
import { breath, type Clock } from '../core/clock.ts'
import type { Ledger, Settled, Settlement } from '../store/store.ts'

/** In one call at most: the ledger writes them in one transaction, and others wait for it. */
const BATCH_MAX = 500

/** When a result is offered again whose handler's own transaction is still open. */
const OPEN_MS = 250

/** How the store is asked again while it is in trouble: 50 ms, 100, 200, ... up to 2 s. */
const PATIENCE: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, baseMs: 50, factor: 2, maxMs: 2_000 }

export interface SettlerDeps {
  readonly ledger: Pick<Ledger, 'settle'>
  readonly clock: Clock
  /** Told of each change between a store that takes results and one that does not. */
  readonly trouble: (error: unknown | null) => void
}

/**
 * Results on their way into the ledger. One call is under way, the rest collects: the longer a commit takes, the more share the
 * next one. A result that the store does not take is offered again until its lease has run out; then the event is another's, or its
 * handler's transaction makes it done.
 */
export class Settler {
  readonly #deps: SettlerDeps
  #queue: Waiting[] = []
  /** Their handlers' transactions are open. */
  readonly #open = new Set<Waiting>()
  #busy = false
  #failures = 0
  #closed = false
  #wake: () => void = () => {}

  constructor(deps: SettlerDeps) {
    this.#deps = deps
  }

  /** How many results the ledger has not answered yet. */
  waiting = 0

  /** Resolves to the ledger's answer, or to `stale` when the lease ran out before there was one. */
  settle(settlement: Settlement, leaseEndsAt: number): Promise<Settled> {
    this.waiting++
    return new Promise((resolve) => {
      this.#offer({ settlement, leaseEndsAt, resolve })
    })
  }

  /** Gives up on what the store has not taken. */
  close(): void {
    this.#closed = true
    for (const waiting of this.#open) this.#answer(waiting, 'stale')
    this.#open.clear()
    this.#wake()
  }

  #offer(waiting: Waiting): void {
    this.#queue.push(waiting)
    if (this.#busy) return
    this.#busy = true
    // Handlers that end in one breath are settled together.
    void breath().then(() => this.#flush())
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_MAX)
      try {
        const answers = await this.#deps.ledger.settle(batch.map(({ settlement }) => settlement))
        this.#recovered()
        for (const [index, waiting] of batch.entries()) this.#answered(waiting, answers[index] ?? 'stale')
      } catch (error) {
        await this.#failed(batch, error)
      }
    }
    this.#busy = false
  }

  async #failed(batch: readonly Waiting[], error: unknown): Promise<void> {
    this.#failures++
    this.#deps.trouble(error)
    if (!this.#closed) await this.#pause(ceiling(PATIENCE, this.#failures))
    const keep = batch.filter((waiting) => this.#lasts(waiting))
    for (const waiting of batch) if (!keep.includes(waiting)) this.#answer(waiting, 'stale')
    this.#queue = [...keep, ...this.#queue]
  }

  #lasts({ leaseEndsAt }: Waiting): boolean {
    return !this.#closed && leaseEndsAt > this.#deps.clock.now()
  }

  #recovered(): void {
    if (this.#failures > 0) this.#deps.trouble(null)
    this.#failures = 0
  }

  #answered(waiting: Waiting, answer: Settled | 'open'): void {
    if (answer !== 'open') return this.#answer(waiting, answer)
    if (!this.#lasts(waiting)) return this.#answer(waiting, 'stale')
    this.#open.add(waiting)
    this.#deps.clock.after(OPEN_MS, () => {
      if (this.#open.delete(waiting)) this.#offer(waiting)
    })
  }

  #answer({ resolve }: Waiting, settled: Settled): void {
    this.waiting--
    resolve(settled)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#deps.clock.after(ms, resolve)
    })
  }
}

interface Waiting {
  readonly settlement: Settlement
  readonly leaseEndsAt: number
  readonly resolve: (settled: Settled) => void
}
