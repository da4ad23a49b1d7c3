import type { Waiter } from './answers.ts'
import type { Place } from './arrivals/place.ts'

/** A call to the writer that waits for a round. */
export type Command = Waiter & {
  readonly name: string
  readonly args: readonly unknown[]
  /** It waits for what had arrived up to here. */
  readonly after: Place
}

/** Calls in the order in which they were made. */
export class Queue {
  #commands: Command[] = []

  get size(): number {
    return this.#commands.length
  }

  add(command: Command): void {
    this.#commands.push(command)
  }

  /**
   * What may run once all up to `at` is in the ledger, up to and with the first pause: nothing may come between what a transaction
   * was told and its commit, not even what was asked in the same breath.
   */
  take(at: Place): Command[] {
    const all = this.#commands
    this.#commands = []
    const taken: Command[] = []
    let paused = false
    for (const command of all) {
      if (paused || command.after > at) this.#commands.push(command)
      else taken.push(command)
      paused ||= taken.at(-1)?.name === 'pause'
    }
    return taken
  }

  takeAll(): Command[] {
    return this.#commands.splice(0)
  }

  takeLease(id: number): Command | undefined {
    const found = this.#commands.find(({ name, args }) => name === 'lease' && args[1] === id)
    this.#commands = this.#commands.filter((command) => command !== found)
    return found
  }
}
