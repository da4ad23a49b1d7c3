import { Bell } from '../../core/bell.ts'
import type { SpoolFile } from './file.ts'

/** Lets all that was asked for in one turn of the loop through together: one transaction, one sync, one answer for all. */
export class Turnstile {
  readonly #file: SpoolFile
  #queue: Passing[] = []
  readonly #turned = new Bell()

  constructor(file: SpoolFile) {
    this.#file = file
  }

  /** Resolves when the changes are on the disk. */
  pass(changes: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#queue.push({ changes, resolve, reject }) === 1) setImmediate(() => this.#turn())
    })
  }

  idle(): Promise<void> {
    return this.#queue.length === 0 ? Promise.resolve() : this.#turned.next()
  }

  #turn(): void {
    const passing = this.#queue
    this.#queue = []
    try {
      this.#file.commit(() => {
        for (const { changes } of passing) changes()
      })
      for (const { resolve } of passing) resolve()
    } catch (error) {
      for (const { reject } of passing) reject(error)
    }
    this.#turned.ring()
  }
}

interface Passing {
  readonly changes: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}
