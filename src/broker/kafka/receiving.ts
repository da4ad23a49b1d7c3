import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import { type Batch, BrokerError, type Lent, type Wanted } from '../broker.ts'
import type { Clients } from './clients.ts'
import { Group } from './group.ts'
import { Marks } from './marks.ts'
import { Reading } from './reading.ts'
import { Share } from './share.ts'
import { type Loan, Stock } from './stock.ts'
import { troubleOf } from './trouble.ts'

/** What is lent of a partition that goes to another process has so long to be acknowledged; then it comes there again. */
const HAND_OVER_MS = 2_000
const CLOSE_MS = 3_000
const AGAIN_MS = 500

export interface ReceivingOptions {
  readonly clients: Clients
  readonly topic: string
  /** For people. */
  readonly place: string
  readonly clock: Clock
  readonly log: Logger
  readonly lentMs: number
}

/** The receiving half: its partitions, what was read of them, and who has it on loan. It joins the group at the first `receive`. */
export class Receiving {
  readonly #o: ReceivingOptions
  readonly #shares = new Map<number, Share>()
  readonly #stock: Stock
  readonly #group: Group
  readonly #marks: Marks
  readonly #reading: Reading
  readonly #waiting = new Set<() => void>()
  #joined = false
  #closed = false
  #trouble: unknown = null

  constructor(options: ReceivingOptions) {
    const { clients, topic, place, clock, log, lentMs } = options
    this.#o = options
    const shares = () => [...this.#shares.values()]
    const changed = () => this.#wake()
    this.#stock = new Stock(clock, { lentMs, changed })
    const hands = {
      assigned: (partitions: readonly number[]) => this.#assigned(partitions),
      handOver: (partitions: readonly number[]) => this.#handOver(partitions),
    }
    this.#group = new Group(clients.member, hands, { topic, clock, log, changed })
    this.#marks = new Marks({ member: clients.member, group: this.#group, topic, place, clock, shares })
    const astray = (share: Share, first: bigint) => this.#astray(share, first)
    this.#reading = new Reading({ reader: clients.reader, topic, clock, stock: this.#stock, shares, changed, astray })
  }

  beforeJoin(): Promise<void> {
    return this.#group.beforeJoin()
  }

  async receive({ max, waitMs }: Wanted, signal: AbortSignal): Promise<Batch> {
    if (!this.#joined) this.#group.join()
    this.#joined = true
    const { clock, place } = this.#o
    const untilAt = clock.now() + waitMs
    for (;;) {
      if (this.#closed) throw new BrokerError('closed', `${place} is closed.`)
      if (signal.aborted) return this.#batch([])
      const loans = this.#stock.lend(max)
      if (loans.length > 0) return this.#batch(loans)
      const trouble = this.#reading.trouble ?? this.#trouble ?? this.#group.trouble
      if (trouble) throw troubleOf(place, trouble)
      const leftMs = untilAt - clock.now()
      if (leftMs <= 0) return this.#batch([])
      await this.#change(leftMs, signal)
    }
  }

  /** When the oldest that this process knows of was appended. */
  get oldestAt(): number | null {
    const known = [...this.#shares.values()].map(({ oldestAt }) => oldestAt).filter((at) => at !== null)
    return known.length > 0 ? Math.min(...known) : null
  }

  /** Commits what is done and leaves the group, so that others take over at once. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    this.#reading.close()
    this.#stock.close()
    if (this.#joined) await this.#within(CLOSE_MS, this.#marks.heard())
    this.#marks.close()
    if (this.#joined) await this.#within(CLOSE_MS, this.#group.leave())
  }

  #batch(loans: readonly Loan[]): Batch {
    const open = new Map<Lent, Loan>(loans.map((loan) => [lentOf(loan), loan]))
    const messages = [...open.keys()]
    const taken = (message: Lent): Loan | undefined => {
      const loan = open.get(message)
      open.delete(message)
      return loan
    }
    return {
      messages,
      ack: async (some = messages) => {
        const done = some.map(taken).filter((loan) => loan !== undefined)
        if (done.length === 0) return
        for (const loan of done) this.#stock.done(loan)
        this.#reading.pump()
        await this.#marks.heard()
      },
      refuse: async (message, why) => {
        const loan = taken(message)
        if (!loan) return
        this.#o.log.warn({ broker: this.#o.place, id: message.id, why }, 'kafka: a message was refused, it comes again')
        this.#stock.refuse(loan)
      },
    }
  }

  /** The partitions of this process from now on. Those that it had stay as they are. */
  #assigned(partitions: readonly number[]): void {
    for (const [partition, share] of this.#shares) {
      if (partitions.includes(partition)) continue
      this.#stock.lose(share)
      this.#shares.delete(partition)
    }
    const fresh = partitions.filter((partition) => !this.#shares.has(partition))
    if (fresh.length === 0) return this.#reading.pump()
    this.#begin(fresh).then(
      () => this.#is(null),
      (error: unknown) => {
        this.#is(error)
        this.#o.clock.after(AGAIN_MS, () => this.#group.again())
      },
    )
  }

  /** Where the one before got to; from the first message that there is when nobody was there. */
  async #begin(fresh: readonly number[]): Promise<void> {
    const { clients, topic } = this.#o
    const partitions = [...fresh]
    const [known, first] = await Promise.all([
      clients.member.listCommittedOffsets({ topics: [{ topic, partitions }] }),
      clients.reader.listOffsets({ topics: [topic], partitions: { [topic]: partitions }, timestamp: EARLIEST }),
    ])
    for (const partition of partitions) {
      if (this.#shares.has(partition) || !this.#group.has(partition)) continue
      const committed = known.get(topic)?.[partition] ?? NOTHING
      const from = committed === NOTHING ? (first.get(topic)?.[partition] ?? 0n) : committed
      this.#shares.set(partition, new Share(partition, from))
    }
    this.#reading.pump()
  }

  async #handOver(partitions: readonly number[]): Promise<void> {
    const going = partitions.map((partition) => this.#shares.get(partition)).filter((share) => share !== undefined)
    for (const share of going) this.#stock.withhold(share)
    const untilAt = this.#o.clock.now() + HAND_OVER_MS
    while (going.some((share) => this.#stock.isLent(share)) && this.#o.clock.now() < untilAt) {
      await this.#change(HAND_OVER_MS / 20)
    }
    await this.#within(HAND_OVER_MS, this.#marks.beforeJoin())
  }

  #astray(share: Share, first: bigint): void {
    const { log, place } = this.#o
    const fields = { broker: place, partition: share.partition, at: `${share.next}`, first: `${first}` }
    log.error(fields, 'kafka: the place where a partition was read is gone (retention, or a leader that lost messages)')
    this.#stock.lose(share)
    this.#shares.set(share.partition, new Share(share.partition, first))
  }

  #is(trouble: unknown): void {
    this.#trouble = trouble
    if (trouble) this.#wake()
  }

  #wake(): void {
    for (const go of [...this.#waiting]) go()
  }

  /** Resolves when something changed, after `ms`, or when the signal aborts. */
  async #change(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = () => resolve()
    const cancel = this.#o.clock.after(ms, done)
    this.#waiting.add(done)
    signal?.addEventListener('abort', done)
    await promise
    signal?.removeEventListener('abort', done)
    this.#waiting.delete(done)
    cancel()
  }

  /** What takes longer or fails is left to itself: others see the same after the session's end. */
  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#o.clock.after(ms, resolve)
    await Promise.race([promise, work.catch(() => {})])
    cancel()
  }
}

const EARLIEST = -2n
const NOTHING = -1n

const lentOf = ({ held, number }: Loan): Lent => ({ ...held.message, deliveries: number })
