import { systemClock } from '../../core/clock.ts'
import { openClient } from './driver.ts'

export type Client = Awaited<ReturnType<typeof openClient>>

const END_MS = 1_000

interface Keeping {
  readonly url: string
  /** As the server shows it. */
  readonly name: string
  /** Between the end of one, or a try that failed, and the next try. */
  readonly againMs: number
  /** With each new one. Where it rejects the connection counts as broken. */
  begin(client: Client): Promise<unknown>
  /** It broke, or could not be had. */
  lost(): void
}

/** One connection outside the pool, for as long as it is wanted: after it broke there is another one soon. */
export class KeptConnection {
  readonly #keeping: Keeping
  #client: Client | null = null
  #begun = false
  #closed = false
  #cancel = () => {}

  constructor(keeping: Keeping) {
    this.#keeping = keeping
  }

  /** Null while there is none that has begun. */
  get client(): Client | null {
    return this.#begun ? this.#client : null
  }

  /** Resolves after the first try, which may have failed. */
  async open(): Promise<void> {
    const { url, name, begin } = this.#keeping
    const client = await openClient(url, name)
    if (this.#closed) return
    this.#client = client
    client.on('error', () => {})
    client.on('end', () => this.#lost(client))
    try {
      await client.connect()
      await begin(client)
      this.#begun = this.#client === client
    } catch {
      this.#lost(client)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    const client = this.#let()
    // A server that is gone without a word does not say goodbye.
    if (client) await Promise.race([client.end().catch(() => {}), this.#tired()])
  }

  #lost(client: Client): void {
    if (this.#client !== client) return
    this.#let()
    void client.end().catch(() => {})
    this.#keeping.lost()
    if (!this.#closed) this.#cancel = systemClock.after(this.#keeping.againMs, () => void this.open())
  }

  #tired(): Promise<void> {
    return new Promise((resolve) => systemClock.after(END_MS, resolve))
  }

  #let(): Client | null {
    const client = this.#client
    this.#client = null
    this.#begun = false
    return client
  }
}
