import type { Cluster, Redis, RedisOptions } from 'ioredis'
import type { Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import type { Logger } from '../../core/service.ts'
import { BrokerError } from '../broker.ts'
import type { Address } from './address.ts'
import { codeOf } from './trouble.ts'

export type Client = Redis | Cluster

export interface LinkOptions {
  readonly address: Address
  /** As Redis lists its clients. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A connection that comes back by itself. Nothing is queued while it is away: who wants it waits at `ready`, and not for long. */
export class Link {
  readonly client: Client
  readonly #options: LinkOptions
  readonly #waiting = new Set<() => void>()
  /** Since when it is away; null while it stands. */
  #awayAt: number | null
  #closed = false
  /** How often it was made. */
  made = 0
  /** As Redis counts its clients; null until it said so, and in a cluster. */
  id: number | null = null

  constructor(client: Client, options: LinkOptions) {
    this.client = client
    this.#options = options
    this.#awayAt = options.clock.now()
    client.on('ready', () => this.#back())
    client.on('close', () => this.#away())
    // Without a listener the client would print each of them; the first of an outage says enough.
    let told = false
    client.on('ready', () => void (told = false))
    client.on('error', (error) => {
      if (told || this.#closed) return
      told = true
      options.log.warn({ broker: options.address.place, code: codeOf(error) }, 'redis cannot be reached; trying again')
    })
  }

  /**
   * The client, once it can be used.
   * @throws {BrokerError} when it has been away for longer than a short blip, or is closed.
   */
  async ready(): Promise<Client> {
    const { clock, address } = this.#options
    const leftMs = this.#awayAt === null ? 0 : this.#awayAt + BLIP_MS - clock.now()
    if (this.#awayAt !== null && leftMs > 0 && !this.#closed) await this.#change(leftMs)
    if (this.#closed) throw new BrokerError('closed', `${address.place} is closed`)
    if (this.#awayAt !== null) throw new BrokerError('unreachable', `${address.place}: Redis cannot be reached`)
    return this.client
  }

  /** Breaks the connection, so that a new one is made. */
  renew(): void {
    if (!this.#closed) this.client.disconnect(true)
  }

  close(): void {
    this.#closed = true
    this.client.disconnect()
    this.#wake()
  }

  #back(): void {
    this.#awayAt = null
    this.made++
    this.#wake()
    if (this.#options.address.kind === 'cluster') return
    const { made } = this
    const told = (id: unknown) => void (made === this.made && (this.id = Number(id)))
    this.client.call('CLIENT', 'ID').then(told, () => {})
  }

  #away(): void {
    this.id = null
    this.#awayAt ??= this.#options.clock.now()
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#waiting.delete(done)
        resolve()
      }
      const cancel = this.#options.clock.after(ms, done)
      this.#waiting.add(done)
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}

/** How long a caller waits for a connection to come back. One that is away for longer answers at once. */
const BLIP_MS = 2_000

/** A server that is silent for so long while it owes an answer is given up. An fsync of a bad disk is within it. */
const SILENT_MS = 5_000

const RECONNECT_MS = { first: 50, max: 1_000 }

export async function openLink(options: LinkOptions): Promise<Link> {
  const { Redis, Cluster } = await loadIoredis()
  const { address, name, random } = options
  const delay = (times: number) => Math.min(RECONNECT_MS.first * times, RECONNECT_MS.max) * (0.5 + random() / 2)
  const shared: RedisOptions = {
    connectionName: name,
    username: address.username ?? undefined,
    password: address.password ?? undefined,
    db: address.db,
    ...(address.tls && { tls: {}, enableTLSForSentinelMode: true }),
    // Answers of one shape, whatever the server could.
    protocol: 2,
    enableOfflineQueue: false,
    // What was on its way when the connection broke may have been done: whoever asked decides.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    socketTimeout: SILENT_MS,
    connectTimeout: SILENT_MS,
    retryStrategy: delay,
    // A master that became a replica keeps its connections in some set-ups.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  }
  return new Link(clientOf(address, shared, { Redis, Cluster, delay }), options)
}

function clientOf(
  address: Address,
  shared: RedisOptions,
  { Redis, Cluster, delay }: Loaded & { delay: (times: number) => number },
): Client {
  const nodes = [...address.nodes]
  if (address.kind === 'one') return new Redis({ ...shared, ...nodes[0] })
  if (address.kind === 'cluster')
    return new Cluster(nodes, { redisOptions: shared, enableOfflineQueue: false, clusterRetryStrategy: delay })
  return new Redis({
    ...shared,
    sentinels: nodes,
    name: address.master ?? '',
    sentinelPassword: address.sentinelPassword ?? undefined,
    sentinelRetryStrategy: delay,
  })
}

type Loaded = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>

/** The package is loaded here alone, when somebody has a broker in Redis. */
async function loadIoredis(): Promise<Loaded> {
  try {
    return await import('ioredis')
  } catch (error) {
    throw failure('peer_missing', { feature: 'A broker in Redis', name: 'ioredis' }, { cause: error })
  }
}
