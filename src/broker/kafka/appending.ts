import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { BrokerError, type Message } from '../broker.ts'
import type { Clients } from './clients.ts'
import { Flight, type Waiting } from './flight.ts'
import { troubleOf } from './trouble.ts'
import { BATCH_BYTES, bytesOf, keyOf } from './wire.ts'

/** An append is answered within this, whatever Kafka does: Stripe waits, and comes again. */
const APPEND_MS = 5_000
const AGAIN_MS = 200
/** One request to one leader. */
const FLIGHT_MAX = 1_000
const FLIGHT_BYTES = 8 * 1024 * 1024

export interface AppendingOptions {
  readonly clients: Clients
  readonly topic: string
  /** For people. */
  readonly place: string
  readonly clock: Clock
  readonly random: Random
  /** What the topic takes in one batch of a partition. */
  readonly batchBytesMax: () => number
  readonly bodyBytesMax: () => number
}

/**
 * The appending half. One request at a time is under way to each leader, with everything that waits for it: what comes
 * meanwhile is the next one's. A partition is never in two requests at once, so that its messages keep their order.
 */
export class Appending {
  readonly #o: AppendingOptions
  readonly #waiting = new Set<Waiting>()
  readonly #flyingLeaders = new Set<number>()
  readonly #flyingPartitions = new Set<number>()
  readonly #flights = new Set<Promise<void>>()
  #pumping = false
  #trouble: unknown = null
  #closed = false

  constructor(options: AppendingOptions) {
    this.#o = options
  }

  async append(messages: readonly Message[]): Promise<(BrokerError | null)[]> {
    if (this.#closed) throw this.#isClosed()
    const { clock } = this.#o
    const entries: Waiting[] = []
    const answers = messages.map((message) => this.#enter(message, entries))
    const cancel = clock.after(APPEND_MS, () => this.#giveUp(entries))
    this.#pump()
    try {
      return await Promise.all(answers)
    } finally {
      cancel()
    }
  }

  /** What is under way is answered; what waits is not sent any more. */
  async close(): Promise<void> {
    this.#closed = true
    for (const entry of this.#waiting) entry.answer(this.#isClosed())
    this.#waiting.clear()
    await Promise.all(this.#flights)
  }

  #enter(message: Message, entries: Waiting[]): Promise<BrokerError | null> | BrokerError {
    const { place, bodyBytesMax, batchBytesMax } = this.#o
    const bytes = bytesOf(message)
    if (message.body.byteLength > bodyBytesMax() || bytes + BATCH_BYTES > batchBytesMax()) {
      const text = `${place}: a message of ${bytes} bytes is more than the topic takes (max.message.bytes ${batchBytesMax()}).`
      return new BrokerError('too-large', text)
    }
    const { promise, resolve } = Promise.withResolvers<BrokerError | null>()
    const entry: Waiting = { message, bytes, partition: null, answered: false, trouble: null, answer }
    function answer(error: BrokerError | null): void {
      entry.answered = true
      resolve(error)
    }
    entries.push(entry)
    this.#waiting.add(entry)
    return promise
  }

  #giveUp(entries: readonly Waiting[]): void {
    const { place } = this.#o
    const text = `${place}: an append was not answered for ${APPEND_MS / 1000} s.`
    const late = new BrokerError('unreachable', text)
    for (const entry of entries) {
      const trouble = entry.trouble ?? this.#trouble
      if (!entry.answered) entry.answer(trouble ? troubleOf(place, trouble) : late)
      this.#waiting.delete(entry)
    }
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#start().catch((error: unknown) => this.#failed(error))
  }

  async #start(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        const loads = this.#loads(await this.#leaders())
        if (loads.size === 0) return
        this.#trouble = null
        for (const [leader, load] of loads) this.#fly(leader, load)
      }
    } finally {
      // In the same breath as the look at what waits: whoever lands next finds it done.
      this.#pumping = false
    }
  }

  /** The leader of each partition; -1 where there is none just now. */
  async #leaders(): Promise<number[]> {
    const { clients, topic, place } = this.#o
    const known = (await clients.producer.metadata({ topics: [topic] })).topics.get(topic)
    if (!known) throw new BrokerError('refused', `${place}: the topic is not there.`)
    return Array.from({ length: known.partitionsCount }, (_, n) => known.partitions[n]?.leader ?? -1)
  }

  /** For each leader that is free: what waits for it, in order, within the bounds of a request and of a batch. */
  #loads(leaders: readonly number[]): Map<number, Waiting[]> {
    const loads = new Map<number, Waiting[]>()
    const bytes = new Map<number, number>()
    const partitionBytes = new Map<number, number>()
    const shut = new Set<number>()
    for (const entry of this.#waiting) {
      entry.partition ??= this.#partitionOf(entry.message, leaders.length)
      const { partition } = entry
      const leader = leaders[partition] ?? -1
      if (this.#flyingLeaders.has(leader) || this.#flyingPartitions.has(partition) || shut.has(partition)) continue
      const load = loads.get(leader) ?? []
      const total = (bytes.get(leader) ?? 0) + entry.bytes
      const inBatch = (partitionBytes.get(partition) ?? BATCH_BYTES) + entry.bytes
      if (load.length >= FLIGHT_MAX || (load.length > 0 && total > FLIGHT_BYTES) || inBatch > this.#o.batchBytesMax()) {
        // What comes after it must not overtake it.
        shut.add(partition)
        continue
      }
      load.push(entry)
      loads.set(leader, load)
      bytes.set(leader, total)
      partitionBytes.set(partition, inBatch)
    }
    return loads
  }

  #fly(leader: number, load: readonly Waiting[]): void {
    const partitions = new Set(load.map(({ partition }) => partition ?? 0))
    for (const entry of load) this.#waiting.delete(entry)
    this.#flyingLeaders.add(leader)
    for (const partition of partitions) this.#flyingPartitions.add(partition)
    const { clients, topic, place, clock } = this.#o
    const flight = new Flight({ producer: clients.producer, topic, place, clock, closed: () => this.#closed })
    const landed = flight.run(load).then(() => {
      this.#flights.delete(landed)
      this.#flyingLeaders.delete(leader)
      for (const partition of partitions) this.#flyingPartitions.delete(partition)
      this.#pump()
    })
    this.#flights.add(landed)
  }

  /** Kafka could not even be asked who leads. */
  #failed(error: unknown): void {
    this.#trouble = error
    const trouble = troubleOf(this.#o.place, error)
    if (trouble.kind === 'refused') {
      for (const entry of this.#waiting) entry.answer(trouble)
      this.#waiting.clear()
    }
    if (this.#waiting.size > 0) this.#o.clock.after(AGAIN_MS, () => this.#pump())
  }

  #partitionOf(message: Message, count: number): number {
    const key = keyOf(message)
    return (key ? this.#o.clients.spread(key) : Math.floor(this.#o.random() * count)) % count
  }

  #isClosed(): BrokerError {
    return new BrokerError('closed', `${this.#o.place} is closed.`)
  }
}
