import type { Clock } from '../../core/clock.ts'
import type { Wanted } from '../broker.ts'
import type { Address } from './address.ts'
import { type Group, readNew } from './group.ts'
import type { Client, Link } from './link.ts'
import { type Returned, Returns } from './returns.ts'
import { fromEntry } from './wire.ts'

export interface ReaderOptions {
  readonly address: Address
  readonly own: Group
  readonly links: { readonly reader: Link; readonly writer: Link }
  readonly lentMs: number
  readonly clock: Clock
  readonly lent: (id: string) => boolean
}

/**
 * Reads from the stream: first what comes again, then what is new. A wait is made of short reads, between which it looks for loans
 * that ran out and for its signal; where Redis can be told, a read ends with its signal at once.
 */
export class Reader {
  readonly #options: ReaderOptions
  readonly #returns: Returns
  readonly #closing = new AbortController()
  /** One read at a time, in the order in which they were asked for. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#returns = new Returns({ ...options, listed: options.address.kind !== 'cluster' })
  }

  async receive({ max, waitMs }: Wanted, signal: AbortSignal): Promise<readonly Returned[]> {
    const { clock } = this.#options
    const untilAt = clock.now() + waitMs
    const over = AbortSignal.any([signal, this.#closing.signal])
    for (let first = true; !over.aborted; first = false) {
      const leftMs = untilAt - clock.now()
      if (!first && leftMs <= 0) break
      const came = await this.#inTurn(() => this.#read({ max, waitMs: Math.max(0, leftMs) }, over))
      if (came.length > 0) return came
    }
    return []
  }

  /** Ends the reads under way. Resolves when nobody reads any more. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#last
    this.#options.links.reader.close()
  }

  #inTurn(read: () => Promise<readonly Returned[]>): Promise<readonly Returned[]> {
    const reading = this.#last.then(read)
    this.#last = reading.catch(() => {})
    return reading
  }

  async #read({ max, waitMs }: Wanted, over: AbortSignal): Promise<readonly Returned[]> {
    const { own, links, address } = this.#options
    if (over.aborted) return []
    const client = await links.reader.ready()
    const again = await this.#returns.take(client, max, links.reader.made)
    if (again.length > 0 || over.aborted) return again
    const shortMs = address.kind === 'cluster' ? CLUSTER_READ_MS : READ_MS
    const blockMs = Math.floor(Math.min(waitMs, shortMs, Math.max(this.#returns.dueMs, 1)))
    const ended = this.#endWith(over, client)
    try {
      return (await readNew(client, own, { max, waitMs: blockMs })).map(fromEntry).map(asNew)
    } finally {
      ended()
    }
  }

  /** Tells Redis to end the read that waits on that connection, once `over` aborts. What it has lent by then comes all the same. */
  #endWith(over: AbortSignal, reading: Client): () => void {
    const { links, clock, address } = this.#options
    const id = links.reader.id
    if (address.kind === 'cluster' || id === null) return () => {}
    let ended = false
    const end = async (): Promise<void> => {
      if (ended || reading.status !== 'ready') return
      const told = await links.writer.client.call('CLIENT', ['UNBLOCK', id]).catch(() => 0)
      // It may be told before the read has reached Redis.
      if (told === 0 && !ended) clock.after(AGAIN_MS, end)
    }
    over.addEventListener('abort', end, { once: true })
    return () => {
      ended = true
      over.removeEventListener('abort', end)
    }
  }
}

/** How long one read waits in Redis; after it a signal that could not be told is heard. */
const READ_MS = 1_000

/** In a cluster nobody can be told, since each node has clients of its own. */
const CLUSTER_READ_MS = 200

const AGAIN_MS = 20

const asNew = (read: ReturnType<typeof fromEntry>): Returned => ({ ...read, deliveries: read.before + 1 })
