import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Batch, Broker, BrokerBacklog, Finding, Lent, Message, Traits, Wanted } from './broker.ts'
import { BrokerError } from './broker.ts'
import { type BrokerOptions, LENT_MS } from './options.ts'
import { type Address, readAddress } from './redis/address.ts'
import { batchOf, type OnLoan } from './redis/batch.ts'
import { findings } from './redis/findings.ts'
import { forget, type Group, handBack, make } from './redis/group.ts'
import { type Client, type Link, openLink } from './redis/link.ts'
import { Reader } from './redis/reader.ts'
import { refusedBy, trouble } from './redis/trouble.ts'
import { toFields } from './redis/wire.ts'

/**
 * A stream in Redis, read by one consumer group. An append is answered after Redis has synced its append-only file (`appendfsync
 * always`; `check` says when it does not). What is acknowledged is removed from the stream, so that its length is the backlog: a
 * second group on the same stream would miss messages and is not supported. A stream is one order, and messages are lent in it;
 * several receivers work side by side all the same, and what was refused or lost comes out of its order. `redis+cluster` keeps the
 * stream on the one master that has its slot.
 *
 * Redis bounds the stream by its `maxmemory`: with `noeviction` an append beyond it is `refused`. A fail-over loses what the replica
 * had not heard of yet.
 * @throws {HookkeeperError} `redis_url`, `peer_missing`
 */
export async function openRedisBroker(options: BrokerOptions): Promise<Broker> {
  const { url, clock, random, log } = options
  const address = readAddress(url)
  const name = options.name ?? address.place
  const consumer = `hookkeeper:${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`
  const lentMs = options.lentMs ?? LENT_MS
  const shared = { address, name: consumer, clock, random, log }
  const links = { writer: await openLink(shared), reader: await openLink(shared) }
  return new RedisBroker({ ...options, name, lentMs }, address, { ...links, consumer })
}

interface Own {
  readonly writer: Link
  /** A connection of its own: a read that waits holds up whatever is behind it. */
  readonly reader: Link
  readonly consumer: string
}

class RedisBroker implements Broker {
  readonly name: string
  readonly traits: Traits
  readonly #options: BrokerOptions & { readonly lentMs: number }
  readonly #address: Address
  readonly #writer: Link
  readonly #group: Group
  readonly #reader: Reader
  /** Entries that somebody here has in hand. */
  readonly #lent = new Set<string>()
  #closing: Promise<void> | null = null

  constructor(options: BrokerOptions & { name: string; lentMs: number }, address: Address, own: Own) {
    const { stream, group, bodyBytesMax } = address
    this.name = options.name
    this.traits = { durable: true, shared: true, ordered: true, batchMax: BATCH_MAX, bodyBytesMax }
    this.#options = options
    this.#address = address
    this.#writer = own.writer
    this.#group = { stream, group, consumer: own.consumer }
    this.#reader = new Reader({ ...options, address, own: this.#group, links: own, lent: (id) => this.#lent.has(id) })
    // Whoever reads makes it as well, where it cannot be made now.
    void this.#writer
      .ready()
      .then((client) => make(client, this.#group))
      .catch(() => {})
  }

  /** One write to the socket, one answer per message. */
  async append(messages: readonly Message[]): Promise<readonly (BrokerError | null)[]> {
    this.#open()
    const tooLarge = messages.map((message) => this.#tooLarge(message))
    if (tooLarge.every((error) => error !== null)) return tooLarge
    try {
      const pipeline = (await this.#writer.ready()).pipeline()
      for (const [n, message] of messages.entries())
        if (tooLarge[n] === null) pipeline.xadd(this.#group.stream, '*', ...toFields(message))
      const answers = (await pipeline.exec()) ?? []
      const next = answers.values()
      return tooLarge.map((error) => error ?? this.#answered(next.next().value?.[0] ?? null))
    } catch (error) {
      // Closed while it waited: it was open when it was asked, and answers as it would have.
      const why = trouble(this.#address.place, error)
      return tooLarge.map((error) => error ?? why)
    }
  }

  async receive(want: Wanted, signal: AbortSignal): Promise<Batch> {
    this.#open()
    const max = Math.min(want.max, BATCH_MAX)
    try {
      const came = await this.#reader.receive({ ...want, max }, signal)
      return this.#batch(came.map(({ id, message, deliveries }) => ({ id, lent: { ...message, deliveries } })))
    } catch (error) {
      throw trouble(this.#address.place, error)
    }
  }

  async backlog(): Promise<BrokerBacklog> {
    const { stream } = this.#group
    return this.#ask(async (client) => {
      const first = (await client.callBuffer('XRANGE', [stream, '-', '+', 'COUNT', 1])) as [Buffer][]
      const [waiting, [seconds]] = await Promise.all([client.xlen(stream), client.time()])
      const at = first[0]?.[0].toString().split('-')[0]
      return { waiting, oldestMs: at === undefined ? 0 : Math.max(0, Number(seconds) * 1000 - Number(at)) }
    })
  }

  check(): Promise<readonly Finding[]> {
    return this.#ask((client) => findings(client, this.#address))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #batch(loans: readonly OnLoan[]): Batch {
    for (const { id } of loans) this.#lent.add(id)
    return batchOf(loans, {
      ack: (ids) => this.#ack(ids),
      refuse: (id, message, why) => this.#refuse(id, message, why),
    })
  }

  /**
   * Removed first: what is gone and on loan is forgotten at the next look, while what is acknowledged and still there would stay for
   * ever. In a transaction a full Redis takes neither, and would stay full.
   */
  async #ack(ids: readonly string[]): Promise<void> {
    const { stream, group } = this.#group
    await this.#ask((client) =>
      done(
        client
          .pipeline()
          .xdel(stream, ...ids)
          .xack(stream, group, ...ids)
          .exec(),
      ),
    )
    for (const id of ids) this.#lent.delete(id)
  }

  /** It goes to the end of the stream, with how often it was lent, whoever wrote it. A copy whose loan ran out meanwhile may come as well: the ledger knows a repeat. */
  async #refuse(id: string, message: Lent, why: string): Promise<void> {
    const { stream, group } = this.#group
    await this.#ask(async (client) => {
      const moved = client
        .multi()
        .xadd(stream, '*', ...toFields(message, message.deliveries))
        .xdel(stream, id)
        .xack(stream, group, id)
      // A full Redis has no room for the copy: then it comes again from where it is.
      await done(moved.exec()).catch((error) => {
        if (!refusedBy(error)) throw error
        return handBack(client, this.#group, [id], this.#options.lentMs)
      })
    })
    this.#lent.delete(id)
    this.#options.log.debug({ broker: this.name, id: message.id, why }, 'refused, it comes again')
  }

  async #close(): Promise<void> {
    await this.#reader.close()
    const ids = [...this.#lent]
    try {
      const client = await this.#writer.ready()
      if (ids.length > 0) await handBack(client, this.#group, ids, this.#options.lentMs)
      else await forget(client, this.#group, this.#group.consumer)
    } catch {
      // They run out by themselves.
    }
    this.#writer.close()
  }

  async #ask<V>(work: (client: Client) => Promise<V>): Promise<V> {
    if (this.#closing) throw this.#closedError()
    try {
      return await work(await this.#writer.ready())
    } catch (error) {
      throw trouble(this.#address.place, error)
    }
  }

  #open(): void {
    if (this.#closing) throw this.#closedError()
  }

  #closedError(): BrokerError {
    return new BrokerError('closed', `${this.name} is closed`)
  }

  #answered(error: Error | null): BrokerError | null {
    return error && trouble(this.#address.place, error)
  }

  #tooLarge({ id, body }: Message): BrokerError | null {
    const max = this.traits.bodyBytesMax
    if (body.byteLength <= max) return null
    return new BrokerError('too-large', `${this.name} takes bodies of up to ${max} bytes; ${id} has ${body.byteLength}`)
  }
}

/** Bodies of 1 MiB, all of them, are half a gigabyte in one reply. */
const BATCH_MAX = 500

/** Several commands answer each for itself; the first that failed is the trouble. */
async function done(answers: Promise<[Error | null, unknown][] | null>): Promise<void> {
  const failed = (await answers)?.find(([error]) => error !== null)
  if (failed?.[0]) throw failed[0]
}
