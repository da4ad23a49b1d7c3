/** So long, in real milliseconds, a handler that waits for something real is waited for; then virtual time passes over it. */
const PATIENCE_MS = 1_000

/** Handlers that run just now. */
export class UnderWay {
  readonly #since = new Map<object, number>()
  readonly #patienceMs: number

  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs
  }

  get size(): number {
    return this.#since.size
  }

  /** Whoever has just done something is waited for anew. */
  moves(who: object): void {
    this.#since.set(who, performance.now())
  }

  /** Whoever waits for the virtual time, or has ended. */
  leaves(who: object): void {
    this.#since.delete(who)
  }

  busy(): boolean {
    if (this.#since.size === 0) return false
    const now = performance.now()
    for (const since of this.#since.values()) if (now - since < this.#patienceMs) return true
    return false
  }
}
