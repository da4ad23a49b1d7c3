import {
  type Batch,
  type Broker,
  type BrokerBacklog,
  BrokerError,
  type Finding,
  type Message,
  type Traits,
  type Wanted,
} from './broker.ts'
import { type Address, readAddress } from './kafka/address.ts'
import { Appending } from './kafka/appending.ts'
import { type Clients, openClients } from './kafka/clients.ts'
import { findings } from './kafka/findings.ts'
import { Receiving } from './kafka/receiving.ts'
import { BATCH_BYTES_DEFAULT, bodyBytesOf, createTopic, topicFacts } from './kafka/topic.ts'
import { troubleOf } from './kafka/trouble.ts'
import { type BrokerOptions, LENT_MS } from './options.ts'

/** Kafka asks for six seconds at least, as it comes; a killed process's partitions are with others after this. */
const SESSION_MIN_MS = 6_000
const SESSION_MAX_MS = 15_000
const OPEN_MS = 5_000
const LOOK_MS = 10_000
const CLOSE_MS = 8_000
const LATEST = -1n
const EARLIEST = -2n

/**
 * A topic of a Kafka as the broker: key is the lane, so that a partition keeps its order, and what is acknowledged is the
 * group's offset. Throws `kafka_url` or `peer_missing`. A Kafka that cannot be reached is no reason not to open.
 */
export async function openKafkaBroker(options: BrokerOptions): Promise<Broker> {
  const address = readAddress(options.url)
  const sessionMs = Math.min(Math.max((options.lentMs ?? LENT_MS) / 4, SESSION_MIN_MS), SESSION_MAX_MS)
  let broker: KafkaBroker | null = null
  const clients = await openClients(address, { sessionMs, beforeJoin: async () => broker?.beforeJoin() })
  broker = new KafkaBroker(address, clients, options)
  await broker.look()
  return broker
}

/** Each goes to every partition's leader and waits for its replicas. */
const REQUESTS = { of: 32, gatherMs: 2 }

class KafkaBroker implements Broker {
  readonly name: string
  readonly #address: Address
  readonly #clients: Clients
  readonly #options: BrokerOptions
  readonly #appending: Appending
  readonly #receiving: Receiving
  #batchBytesMax = BATCH_BYTES_DEFAULT
  #closing: Promise<void> | null = null

  constructor(address: Address, clients: Clients, options: BrokerOptions) {
    const { clock, random, log, lentMs = LENT_MS } = options
    this.name = options.name ?? address.shown
    this.#address = address
    this.#clients = clients
    this.#options = options
    const common = { clients, topic: address.topic, place: this.name, clock }
    const bodyBytesMax = () => this.traits.bodyBytesMax
    this.#appending = new Appending({ ...common, random, bodyBytesMax, batchBytesMax: () => this.#batchBytesMax })
    this.#receiving = new Receiving({ ...common, log, lentMs })
  }

  get traits(): Traits {
    const bodyBytesMax = bodyBytesOf(this.#batchBytesMax)
    return { durable: true, shared: true, ordered: true, batchMax: 500, requests: REQUESTS, bodyBytesMax }
  }

  async append(messages: readonly Message[]): Promise<readonly (BrokerError | null)[]> {
    return this.#appending.append(messages)
  }

  async receive(want: Wanted, signal: AbortSignal): Promise<Batch> {
    return this.#receiving.receive({ ...want, max: Math.min(want.max, this.traits.batchMax) }, signal)
  }

  beforeJoin(): Promise<void> {
    return this.#receiving.beforeJoin()
  }

  async backlog(): Promise<BrokerBacklog> {
    const { clock } = this.#options
    const waiting = await this.#asking(async ({ admin }, { topic, group }) => {
      const known = (await admin.metadata({ topics: [topic] })).topics.get(topic)
      const indexes = Array.from({ length: known?.partitionsCount ?? 0 }, (_, n) => n)
      const [ends, begins, done] = await Promise.all([
        offsets(admin, topic, { indexes, at: LATEST }),
        offsets(admin, topic, { indexes, at: EARLIEST }),
        committed(admin, topic, group),
      ])
      // What was deleted before it was taken waits no more.
      const from = (n: number) => bigger(done.get(n) ?? -1n, begins.get(n) ?? 0n)
      return indexes.reduce((sum, n) => sum + Math.max(Number((ends.get(n) ?? 0n) - from(n)), 0), 0)
    })
    const { oldestAt } = this.#receiving
    return { waiting, oldestMs: waiting === 0 || oldestAt === null ? 0 : Math.max(clock.now() - oldestAt, 0) }
  }

  async check(): Promise<readonly Finding[]> {
    return this.#asking(async ({ admin }, { topic, group, servers: [server = ''] }) => {
      const facts = await topicFacts(admin, topic)
      const described = facts && (await admin.describeGroups({ groups: [group] }).catch(() => null))
      return findings(facts, { topic, server, members: described?.get(group)?.members.size ?? 0 })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Makes the topic where that was asked for, and reads what it takes. When Kafka is away just now its defaults are taken, and it is asked again. */
  async look(): Promise<void> {
    const { clock, log } = this.#options
    const looking = this.#asking(async ({ admin }, { topic, create }) => {
      if (create !== null && !(await topicFacts(admin, topic))) await createTopic(admin, topic, create)
      const facts = await topicFacts(admin, topic)
      this.#batchBytesMax = Number(facts?.settings.get('max.message.bytes') || BATCH_BYTES_DEFAULT)
    })
    const unseen = looking.catch((error: unknown) => {
      if (this.#closing) return
      log.warn({ broker: this.name, error: String(error) }, 'kafka: it could not be asked what the topic takes')
      clock.after(LOOK_MS, () => void this.look())
    })
    await within(clock, OPEN_MS, unseen)
  }

  async #close(): Promise<void> {
    const { clock } = this.#options
    await within(clock, CLOSE_MS, Promise.all([this.#receiving.close(), this.#appending.close()]))
    await within(clock, CLOSE_MS, this.#clients.close())
  }

  async #asking<V>(ask: (clients: Clients, address: Address) => Promise<V>): Promise<V> {
    if (this.#closing) throw new BrokerError('closed', `${this.name} is closed.`)
    try {
      return await ask(this.#clients, this.#address)
    } catch (error) {
      throw troubleOf(this.name, error)
    }
  }
}

type Admin = Clients['admin']

async function offsets(admin: Admin, topic: string, { indexes, at }: { indexes: number[]; at: bigint }) {
  const partitions = indexes.map((partitionIndex) => ({ partitionIndex, timestamp: at }))
  const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions }] })
  return new Map(listed?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]))
}

async function committed(admin: Admin, topic: string, group: string): Promise<Map<number, bigint>> {
  const [listed] = await admin.listConsumerGroupOffsets({ groups: [group] })
  const known = listed?.topics.find(({ name }) => name === topic)
  return new Map(known?.partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]))
}

const bigger = (one: bigint, other: bigint): bigint => (one > other ? one : other)

/** Goes on after `ms` at the latest, whatever becomes of the work. */
async function within(clock: BrokerOptions['clock'], ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(ms, resolve)
  await Promise.race([work, promise])
  cancel()
}
