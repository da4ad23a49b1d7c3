/** So many pauses of a real millisecond a handler that waits for something real is waited for; then virtual time passes over it. */
const PATIENCE = 1_000

/** Handlers that run just now. What is left of the patience is counted, not measured: a machine that stood still is no fault of theirs. */
export class UnderWay {
  readonly #patience = new Map<object, number>()

  /** Whoever has begun or just done something is waited for anew. */
  moves(who: object): void {
    this.#patience.set(who, PATIENCE)
  }

  /** Whoever waits for the virtual time, or has ended. */
  leaves(who: object): void {
    this.#patience.delete(who)
  }

  /** Is anybody under way for whom virtual time has to wait? */
  busy(): boolean {
    for (const left of this.#patience.values()) if (left > 0) return true
    return false
  }

  /** A real millisecond has gone by. */
  waited(): void {
    for (const [who, left] of this.#patience) this.#patience.set(who, left - 1)
  }
}
