import assert from 'node:assert/strict'
import type { Broker } from '../../src/broker/broker.ts'
import { BrokerError } from '../../src/broker/broker.ts'

const KEYS = 8
const BATCH = 16
const never = new AbortController().signal

/** Messages that flow while something happens to Kafka: what was taken, and what came of it. */
export class Stream {
  /** Answered null: they have to come. */
  readonly taken = new Set<string>()
  /** Every id in the order in which it came, repeats included. */
  readonly came: string[] = []
  refused = 0
  #next = 0
  #stopped = false
  #seen = new Set<string>()
  readonly #receivers: Promise<void>[] = []
  #appender: Promise<void> | null = null
  #failure: unknown = null

  /** One sender, batch after batch: of each key the numbers rise. */
  append(broker: Broker): void {
    const run = async () => {
      while (!this.#stopped) {
        const batch = Array.from({ length: BATCH }, () => messageOf(this.#next++))
        const answers = await broker.append(batch)
        const kept = batch.filter((_, n) => answers[n] === null)
        for (const { id } of kept) this.taken.add(id)
        this.refused += batch.length - kept.length
      }
    }
    this.#appender = this.#watched(run())
  }

  /** Receives and acknowledges until `signal` aborts or all has come. Whatever cannot be reached is asked again. */
  receive(broker: Broker, signal: AbortSignal = never): Promise<void> {
    const run = async () => {
      while (!signal.aborted && !this.complete) {
        try {
          const batch = await broker.receive({ max: 50, waitMs: 200 }, signal)
          for (const { id } of batch.messages) {
            this.came.push(id)
            this.#seen.add(id)
          }
          await batch.ack()
        } catch (error) {
          if (!(error instanceof BrokerError) || error.kind === 'closed') throw error
          await soon()
        }
      }
    }
    const receiver = this.#watched(run())
    this.#receivers.push(receiver)
    return receiver
  }

  /** Resolves when so many more were taken. */
  async flows(more: number): Promise<void> {
    const from = this.taken.size
    while (this.taken.size < from + more) {
      if (this.#failure) throw this.#failure
      await soon()
    }
  }

  get complete(): boolean {
    return this.#stopped && [...this.taken].every((id) => this.#seen.has(id))
  }

  /** Ends the sender, and resolves when everything that was taken has come. */
  async end(): Promise<void> {
    this.#stopped = true
    await this.#appender
    await Promise.all(this.#receivers)
    if (this.#failure) throw this.#failure
    assert.ok(this.complete, `${this.taken.size - [...this.taken].filter((id) => this.#seen.has(id)).length} are lost`)
  }

  /** What ends either ends the stream: nobody waits for what will not flow. */
  async #watched(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      this.#failure = error
      this.#stopped = true
    })
  }

  get repeats(): number {
    return this.came.length - this.#seen.size
  }

  /** What overtook an earlier one of its key, repeats left out. */
  get overtaken(): string[] {
    const last = new Map<number, number>()
    return [...new Set(this.came)].filter((id) => {
      const number = Number(id.slice('evt_'.length))
      const before = last.get(number % KEYS) ?? -1
      last.set(number % KEYS, Math.max(before, number))
      return number < before
    })
  }
}

const messageOf = (number: number) => ({
  id: `evt_${number}`,
  key: `default:cus_${number % KEYS}`,
  body: Buffer.alloc(1_000, 'x'),
  attributes: { account: 'default' },
})

const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 20))
