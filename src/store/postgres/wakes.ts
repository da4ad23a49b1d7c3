import { systemClock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Ref } from '../store.ts'
import { openClient } from './driver.ts'
import { placeOf } from './refs.ts'

const CHANNEL = 'hookkeeper'
/** Twenty a second: a wake-up names all buckets that got something since the last. */
const EVERY_MS = 50
const AGAIN_MS = 2_000

type Client = Awaited<ReturnType<typeof openClient>>

/**
 * Tells other processes which buckets got something, past the pooler and outside the transaction that admitted it: a `notify` in
 * there would make commits wait for one another. A wake-up that is lost costs a second; then they look by themselves.
 */
export class Wakes {
  readonly #url: string | null
  readonly #log: Logger
  readonly #buckets = new Set<number>()
  #client: Client | null = null
  #waiting = false
  #closed = false
  #heard: (buckets: readonly number[]) => void = () => {}
  #cancel = () => {}

  private constructor(url: string | null, log: Logger) {
    this.#url = url
    this.#log = log
  }

  static async over(url: string | null, log: Logger): Promise<Wakes> {
    const wakes = new Wakes(url, log)
    await wakes.#connect()
    return wakes
  }

  listen(heard: (buckets: readonly number[]) => void): void {
    this.#heard = heard
  }

  wake(refs: readonly Ref[]): void {
    if (!this.#client) return
    for (const ref of refs) this.#buckets.add(placeOf(ref).bucket)
    if (this.#waiting || this.#buckets.size === 0) return
    this.#waiting = true
    this.#send()
    this.#cancel = systemClock.after(EVERY_MS, () => {
      this.#waiting = false
      this.wake([])
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => {})
  }

  #send(): void {
    const buckets = [...this.#buckets].join(',')
    this.#buckets.clear()
    this.#client?.query('select pg_notify($1, $2)', [CHANNEL, buckets]).catch(() => {})
  }

  async #connect(): Promise<void> {
    if (this.#url === null || this.#closed) return
    try {
      const client = await openClient(this.#url, 'hookkeeper wake-ups')
      client.on('error', () => {})
      client.on('end', () => this.#lost(client))
      client.on('notification', ({ processId, payload }) => {
        // What was admitted here is known here.
        if (processId !== (client as { processID?: number }).processID)
          this.#heard((payload ?? '').split(',').map(Number))
      })
      await client.connect()
      await client.query(`listen ${CHANNEL}`)
      this.#client = client
    } catch {
      this.#log.warn({}, 'DATABASE_DIRECT_URL cannot be reached: news are looked for once a second until it can')
      this.#later()
    }
  }

  #lost(client: Client): void {
    if (this.#client !== client) return
    this.#client = null
    this.#later()
  }

  #later(): void {
    if (!this.#closed) this.#cancel = systemClock.after(AGAIN_MS, () => void this.#connect())
  }
}
