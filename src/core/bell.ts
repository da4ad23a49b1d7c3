/** For whoever waits until something has changed: one ring wakes all that wait by then. */
export class Bell {
  #waiters: (() => void)[] = []

  /** Resolves at the next ring. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  ring(): void {
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }
}
