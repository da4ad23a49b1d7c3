import { BATCH_BYTES_MAX, type Raw } from './append.ts'

type Keeps = Pick<Raw, 'append' | 'batchMax' | 'appendsMax'>

type Kept = (error: Error | null) => void

interface Entry {
  readonly body: Buffer
  readonly kept: Kept
}

/**
 * Batches for a raw append: what came in one round of sockets goes together, several appends are under way at once. The same limits as
 * the product's, and nothing beside them.
 */
export class Gather {
  readonly #raw: Keeps
  #waiting: Entry[] = []
  #under = 0
  #scheduled = false

  constructor(raw: Keeps) {
    this.#raw = raw
  }

  add(body: Buffer, kept: Kept): void {
    this.#waiting.push({ body, kept })
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#under >= this.#raw.appendsMax) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#send(this.#batch())
      this.#schedule()
    })
  }

  #batch(): Entry[] {
    let bytes = 0
    const end = this.#waiting.findIndex(({ body }, n) => {
      bytes += body.length
      return n > 0 && (n >= this.#raw.batchMax || bytes > BATCH_BYTES_MAX)
    })
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }

  async #send(batch: readonly Entry[]): Promise<void> {
    this.#under++
    const answers = await this.#raw
      .append(batch.map(({ body }) => body))
      .catch((error: Error) => batch.map(() => error))
    this.#under--
    for (const [n, { kept }] of batch.entries()) kept(answers[n] ?? null)
    this.#schedule()
  }
}
