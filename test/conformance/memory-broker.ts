import {
  type Batch,
  type Broker,
  BrokerError,
  type BrokerErrorKind,
  type Finding,
  type Lent,
  type Message,
  type Wanted,
} from '../../src/broker/broker.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { BrokerHarness, OpenedBroker } from '../../src/testing/broker-harness.ts'

/** How a broker may break its promises. */
export type Fault =
  | 'answers an append before it is durable'
  | 'acknowledges when it lends'
  | 'drops what is on loan when its holder goes'
  | 'fails a whole batch for one message'
  | 'loses a refused message'
  | 'forgets an acknowledgement'
  | 'mixes up the order'

/** A service in memory that plays at crashes and cuts: what the suite is tried on, and what a broken broker is made of. */
export class MemoryService {
  readonly faults: ReadonlySet<Fault>
  readonly lentMs: number
  entries: Entry[] = []
  reachable = true
  #unsynced: Entry[] = []
  #waiting = new Set<() => void>()

  constructor(faults: readonly Fault[] = [], lentMs = 300) {
    this.faults = new Set(faults)
    this.lentMs = lentMs
  }

  add(message: Message): void {
    const entry = { message, holder: null, untilAt: 0, deliveries: 0 }
    if (this.faults.has('answers an append before it is durable')) {
      this.#unsynced.push(entry)
      setTimeout(() => this.#sync(entry), 20)
    } else this.entries.push(entry)
    this.wake()
  }

  #sync(entry: Entry): void {
    if (!this.#unsynced.includes(entry)) return
    this.#unsynced = this.#unsynced.filter((other) => other !== entry)
    this.entries.push(entry)
    this.wake()
  }

  restart(): void {
    this.#unsynced = []
    for (const entry of this.entries) entry.holder = null
    this.wake()
  }

  reach(can: boolean): void {
    this.reachable = can
    this.wake()
  }

  wake(): void {
    for (const look of [...this.#waiting]) look()
  }

  /** Resolves at the next change, when a loan may have run out, or after `ms`. */
  change(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = systemClock.after(Math.min(ms, this.lentMs / 4), done)
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
    })
  }
}

interface Entry {
  readonly message: Message
  holder: MemoryBroker | null
  untilAt: number
  deliveries: number
}

export class MemoryBroker implements Broker {
  readonly name = 'memory'
  readonly traits = { durable: true, shared: true, ordered: true, batchMax: 100, bodyBytesMax: 100_000 }
  #service: MemoryService
  #closed = false

  constructor(service: MemoryService) {
    this.#service = service
  }

  async append(messages: readonly Message[]): Promise<(BrokerError | null)[]> {
    this.#open()
    if (!this.#service.reachable) return messages.map(() => this.#error('unreachable'))
    const large = (message: Message) => message.body.length > this.traits.bodyBytesMax
    if (this.#service.faults.has('fails a whole batch for one message') && messages.some(large))
      return messages.map(() => this.#error('too-large'))
    return messages.map((message) => {
      if (large(message)) return this.#error('too-large')
      this.#service.add({ ...message, body: Uint8Array.from(message.body) })
      return null
    })
  }

  async receive({ max, waitMs }: Wanted, signal: AbortSignal): Promise<Batch> {
    const untilAt = systemClock.now() + waitMs
    for (;;) {
      this.#open()
      if (signal.aborted) return this.#batch([])
      if (!this.#service.reachable) throw this.#error('unreachable')
      const lent = this.#lend(max)
      const left = untilAt - systemClock.now()
      if (lent.length > 0 || left <= 0) return this.#batch(lent)
      await this.#service.change(left, signal)
    }
  }

  #lend(max: number): Entry[] {
    const now = systemClock.now()
    const { faults } = this.#service
    const free = this.#service.entries.filter(({ holder, untilAt }) => holder === null || untilAt <= now)
    if (faults.has('mixes up the order')) free.reverse()
    const lent = free.slice(0, max)
    for (const entry of lent) {
      entry.holder = this
      entry.untilAt = now + this.#service.lentMs
      entry.deliveries++
    }
    if (faults.has('acknowledges when it lends')) this.#remove(lent)
    return lent
  }

  #batch(lent: readonly Entry[]): Batch {
    const open = new Map<Lent, Entry>(lent.map((entry) => [{ ...entry.message, deliveries: entry.deliveries }, entry]))
    const messages = [...open.keys()]
    const { faults } = this.#service
    return {
      messages,
      ack: async (some = messages) => {
        if (!this.#service.reachable) throw this.#error('unreachable')
        if (faults.has('forgets an acknowledgement')) return
        this.#remove(some.flatMap((message) => open.get(message) ?? []))
        for (const message of some) open.delete(message)
      },
      refuse: async (message) => {
        const entry = open.get(message)
        open.delete(message)
        if (!entry) return
        this.#remove([entry])
        if (!faults.has('loses a refused message')) this.#service.entries.push({ ...entry, holder: null })
        this.#service.wake()
      },
    }
  }

  async backlog() {
    return { waiting: this.#service.entries.length, oldestMs: 0 }
  }

  async check(): Promise<readonly Finding[]> {
    return []
  }

  async close(): Promise<void> {
    this.#closed = true
    const held = this.#service.entries.filter(({ holder }) => holder === this)
    if (this.#service.faults.has('drops what is on loan when its holder goes')) this.#remove(held)
    for (const entry of held) entry.holder = null
    this.#service.wake()
  }

  #remove(entries: readonly Entry[]): void {
    this.#service.entries = this.#service.entries.filter((entry) => !entries.includes(entry))
  }

  #open(): void {
    if (this.#closed) throw this.#error('closed')
  }

  #error(kind: BrokerErrorKind): BrokerError {
    return new BrokerError(kind, `memory: ${kind}`)
  }
}

export const inMemory = (faults: readonly Fault[] = []): BrokerHarness => ({
  offers: ['restart', 'cut', 'raw', 'shared'],
  version: async () => 'memory',
  async open(): Promise<OpenedBroker> {
    const service = new MemoryService(faults)
    const opened = [new MemoryBroker(service)]
    return {
      broker: opened[0] as MemoryBroker,
      lentMs: service.lentMs,
      async another() {
        const other = new MemoryBroker(service)
        opened.push(other)
        return other
      },
      restart: async () => service.restart(),
      cut: async () => service.reach(false),
      heal: async () => service.reach(true),
      raw: async (body) => service.add({ id: '', key: '', body, attributes: {} }),
      async close() {
        await Promise.all(opened.map((broker) => broker.close()))
      },
    }
  },
})
