import { systemClock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Ref } from '../store.ts'
import { type Client, KeptConnection } from './kept.ts'
import { placeOf } from './refs.ts'

const CHANNEL = 'hookkeeper'
/** Twenty a second: a wake-up names all buckets that got something since the last. */
const EVERY_MS = 50
const AGAIN_MS = 2_000

/**
 * Tells other processes which buckets got something, past the pooler and outside the transaction that admitted it: a `notify` in
 * there would make commits wait for one another. A wake-up that is lost costs a second; then they look by themselves.
 */
export class Wakes {
  readonly #connection: KeptConnection | null
  readonly #log: Logger
  readonly #buckets = new Set<number>()
  #waiting = false
  #missed = false
  #heard: (buckets: readonly number[]) => void = () => {}
  #cancel = () => {}

  private constructor(url: string | null, log: Logger) {
    this.#log = log
    this.#connection =
      url === null
        ? null
        : new KeptConnection({
            ...{ url, name: 'hookkeeper wake-ups', againMs: AGAIN_MS },
            begin: (client) => this.#listen(client),
            lost: () => this.#miss(),
          })
  }

  static async over(url: string | null, log: Logger): Promise<Wakes> {
    const wakes = new Wakes(url, log)
    await wakes.#connection?.open()
    return wakes
  }

  listen(heard: (buckets: readonly number[]) => void): void {
    this.#heard = heard
  }

  wake(refs: readonly Ref[]): void {
    if (!this.#connection?.client) return
    for (const ref of refs) this.#buckets.add(placeOf(ref).bucket)
    if (this.#waiting || this.#buckets.size === 0) return
    this.#waiting = true
    this.#send(this.#connection.client)
    this.#cancel = systemClock.after(EVERY_MS, () => {
      this.#waiting = false
      this.wake([])
    })
  }

  async close(): Promise<void> {
    this.#cancel()
    await this.#connection?.close()
  }

  #send(client: Client): void {
    const buckets = [...this.#buckets].join(',')
    this.#buckets.clear()
    client.query('select pg_notify($1, $2)', [CHANNEL, buckets]).catch(() => {})
  }

  async #listen(client: Client): Promise<void> {
    client.on('notification', ({ processId, payload }) => {
      // What was admitted here is known here.
      if (processId !== (client as { processID?: number }).processID)
        this.#heard((payload ?? '').split(',').map(Number))
    })
    await client.query(`listen ${CHANNEL}`)
    this.#missed = false
  }

  /** Said once, until there is one again. */
  #miss(): void {
    if (this.#missed) return
    this.#missed = true
    this.#log.warn({}, 'DATABASE_DIRECT_URL cannot be reached: news are looked for once a second until it can')
  }
}
