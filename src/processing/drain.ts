import type { Batch, Broker, Lent } from '../broker/broker.ts'
import { ceiling, type RetryPolicy } from '../core/backoff.ts'
import { Bell } from '../core/bell.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Logger, Service } from '../core/service.ts'
import { codeOf, type Drained, type InletDeps, takeIn } from './inlet.ts'

export interface DrainOptions extends InletDeps {
  readonly source: Pick<Broker, 'receive' | 'traits'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** How long one receive waits for something to come. */
const WAIT_MS = 5_000
/** So many messages are admitted together, and so many more may be on loan here meanwhile. */
const ADMIT_MAX = 512
const HELD_MAX = 1_024
const HELD_BYTES_MAX = 32 * 1_048_576
/** A broker that gives few at a time is asked several times at once, so that its round trips overlap. */
const RECEIVERS_MAX = 8
const RECEIVED_WANTED = 64

/** How a broker or a ledger in trouble is asked again: 100 ms, 200, 400, ... up to 5 s, each a random share of it. */
const PATIENCE: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, baseMs: 100, factor: 2, maxMs: 5_000 }

/**
 * From the broker into the ledger, and only then acknowledged. It never waits for workers: what they cannot take the ledger holds,
 * and what the ledger cannot take stays in the broker. Receiving, admitting and acknowledging overlap; batches are admitted in the
 * order in which they came.
 */
export class Drain implements Service {
  readonly #options: DrainOptions
  readonly #stop = new AbortController()
  readonly #acking = new Set<Promise<void>>()
  readonly #troubled = { broker: false, ledger: false }
  #held: Batch[] = []
  /** So many of those that are held are on their way into the ledger. */
  #admitting = 0
  #heldCount = 0
  #heldBytes = 0
  #running: Promise<unknown> | null = null
  #receiving = 0
  readonly #change = new Bell()

  constructor(options: DrainOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    if (this.#running) return
    const { batchMax } = this.#options.source.traits
    this.#receiving = Math.min(RECEIVERS_MAX, Math.ceil(RECEIVED_WANTED / batchMax))
    const receivers = Array.from({ length: this.#receiving }, () => this.#receive())
    this.#running = Promise.all([...receivers, this.#admit()])
  }

  /** Takes in what is on loan here, if the ledger takes it; what it does not comes again. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#change.ring()
    await this.#running
    await Promise.all(this.#acking)
  }

  /** What keeps events from coming through, in a sentence each; empty when nothing does. */
  why(): string[] {
    const why: string[] = []
    if (this.#troubled.broker) why.push('The broker cannot be received from.')
    if (this.#troubled.ledger) why.push('The ledger does not take what the broker holds.')
    return why
  }

  async #receive(): Promise<void> {
    const { source, broker } = this.#options
    const { signal } = this.#stop
    let full = false
    for (let failures = 0; !signal.aborted; ) {
      if (this.#enough(full)) await this.#change.next()
      else {
        try {
          const max = Math.min(ADMIT_MAX, source.traits.batchMax)
          const batch = await source.receive({ max, waitMs: WAIT_MS }, signal)
          failures = 0
          full = batch.messages.length >= max
          this.#trouble('broker', null)
          if (batch.messages.length > 0) this.#hold(batch)
        } catch (error) {
          if (signal.aborted) break
          this.#trouble('broker', error, `${broker} cannot be received from`)
          await this.#pause(++failures)
        }
      }
    }
    this.#receiving--
    this.#change.ring()
  }

  /** A broker that gave less than it was asked for has no more just now: what comes while others wait is better fetched together. */
  #enough(full: boolean): boolean {
    if (this.#heldCount >= HELD_MAX || this.#heldBytes >= HELD_BYTES_MAX) return true
    return !full && this.#held.length > this.#admitting
  }

  async #admit(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; !this.#over(); ) {
      const batches = this.#batches()
      if (batches.length === 0) await this.#change.next()
      else if (await this.#took(batches)) failures = 0
      else if (signal.aborted) return
      else await this.#pause(++failures)
    }
  }

  #over(): boolean {
    return this.#stop.signal.aborted && this.#receiving === 0 && this.#held.length === 0
  }

  /** Whole batches from the front, as many as are admitted together. */
  #batches(): Batch[] {
    let count = 0
    let end = 0
    for (const { messages } of this.#held) {
      if (end > 0 && count + messages.length > ADMIT_MAX) break
      count += messages.length
      end++
    }
    return this.#held.slice(0, end)
  }

  /** Only what would survive a crash is acknowledged. False: the ledger is in trouble, and the same is tried again. */
  async #took(batches: readonly Batch[]): Promise<boolean> {
    let drained: readonly Drained[]
    this.#begin(batches.length)
    try {
      drained = await takeIn(
        batches.flatMap(({ messages }) => messages),
        this.#options,
      )
    } catch (error) {
      this.#trouble('ledger', error, 'the ledger takes no events from the broker')
      return false
    } finally {
      this.#admitting = 0
    }
    this.#trouble('ledger', null)
    this.#held.splice(0, batches.length)
    let at = 0
    for (const batch of batches) {
      this.#acknowledge(batch, drained.slice(at, at + batch.messages.length))
      at += batch.messages.length
    }
    this.#change.ring()
    return true
  }

  #begin(count: number): void {
    this.#admitting = count
    this.#change.ring()
  }

  #acknowledge(batch: Batch, drained: readonly Drained[]): void {
    const failed = batch.messages.filter((_, n) => drained[n] === 'failed')
    const acking = this.#heard(batch, failed).finally(() => {
      this.#count(batch, -1)
      this.#acking.delete(acking)
      this.#change.ring()
    })
    this.#acking.add(acking)
  }

  async #heard(batch: Batch, failed: readonly Lent[]): Promise<void> {
    try {
      for (const message of failed) await batch.refuse(message, 'the ledger did not take it')
      await batch.ack()
    } catch (error) {
      // They are in the ledger: what comes again is a repeat.
      const { log, broker } = this.#options
      log.warn({ broker, code: codeOf(error) }, 'a batch could not be acknowledged: it comes again')
    }
  }

  #hold(batch: Batch): void {
    this.#held.push(batch)
    this.#count(batch, 1)
    this.#change.ring()
  }

  #count({ messages }: Batch, times: 1 | -1): void {
    this.#heldCount += times * messages.length
    for (const { body } of messages) this.#heldBytes += times * body.length
  }

  /** One line when it begins, one when it ends. */
  #trouble(where: 'broker' | 'ledger', error: unknown | null, what = ''): void {
    const { log, broker } = this.#options
    if (this.#troubled[where] === (error !== null)) return
    this.#troubled[where] = error !== null
    if (error !== null) log.error({ broker, code: codeOf(error) }, what)
    else
      log.info(
        { broker },
        where === 'broker' ? `${broker} is received from again` : 'the ledger takes events from the broker again',
      )
  }

  #pause(failures: number): Promise<void> {
    const { clock, random } = this.#options
    const { signal } = this.#stop
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(random() * ceiling(PATIENCE, failures), done)
      signal.addEventListener('abort', done)
    })
  }
}
