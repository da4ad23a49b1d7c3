import type { Answer, Waiter } from './answers.ts'

interface Job extends Waiter {
  readonly steps: Generator<void, unknown>
}

/** Calls that take many rounds, a step each: deliveries go on between them. */
export class Jobs {
  #all: readonly Job[] = []

  get some(): boolean {
    return this.#all.length > 0
  }

  add(steps: Generator<void, unknown>, { resolve, reject }: Waiter): void {
    this.#all = [...this.#all, { steps, resolve, reject }]
  }

  /** One step of each; gives the answers of those that are through. When a step fails none is through, and all are still here. */
  step(): Answer[] {
    const through = new Map(this.#all.map((job) => [job, job.steps.next()] as const).filter(([, { done }]) => done))
    this.#all = this.#all.filter((job) => !through.has(job))
    return [...through].map(([to, { value }]) => ({ to, value }))
  }

  /** All that are not through; they are the caller's from now on. */
  take(): readonly Waiter[] {
    const all = this.#all
    this.#all = []
    return all
  }
}
