import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { Logger } from '../../core/service.ts'
import {
  type Batch,
  type Broker,
  type BrokerBacklog,
  BrokerError,
  type Finding,
  type Lent,
  type Message,
  type Traits,
  type Wanted,
} from '../broker.ts'
import type { Spool } from '../spool.ts'

export interface BeforeOptions {
  readonly spool: Spool
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** A broker that takes longer than this for an append is passed by. */
  readonly slowMs?: number
}

// Stripe waits 10 s or more for its answer; a healthy broker takes milliseconds.
const SLOW_MS = 2_000
const RETRY_MS = 250
const RETRY_MS_MAX = 5_000
const ADOPT_MS = 60_000

/**
 * A broker with a disk before it: what the broker does not take in time is kept here, synced, and brought to it in order when it
 * is back. As long as something lies here, what is new goes behind it.
 */
export class SpoolBefore implements Broker {
  readonly name: string
  readonly traits: Traits
  readonly #inner: Broker
  readonly #options: Required<BeforeOptions>
  readonly #over = new AbortController()
  readonly #draining: Promise<void>
  /** Tries in a row in which the broker took nothing. */
  #failures = 0

  constructor(inner: Broker, options: BeforeOptions) {
    this.#inner = inner
    this.#options = { slowMs: SLOW_MS, ...options }
    this.name = inner.name
    const { traits } = options.spool
    this.traits = {
      ...inner.traits,
      batchMax: Math.min(inner.traits.batchMax, traits.batchMax),
      bodyBytesMax: Math.min(inner.traits.bodyBytesMax, traits.bodyBytesMax),
    }
    this.#draining = this.#drain()
  }

  /** How many wait on the disk. */
  get spooled(): number {
    return this.#options.spool.waiting
  }

  async append(messages: readonly Message[]): Promise<readonly (BrokerError | null)[]> {
    if (this.#over.signal.aborted) throw new BrokerError('closed', `${this.name}: it is closed`)
    // What the broker would never take must not stand on the disk in front of all others.
    const fits = ({ body }: Message) => body.length <= this.traits.bodyBytesMax
    const answers = (await this.#take(messages.filter(fits))).values()
    return messages.map((message) => (fits(message) ? (answers.next().value ?? null) : this.#tooLarge()))
  }

  async #take(messages: readonly Message[]): Promise<readonly (BrokerError | null)[]> {
    const { spool } = this.#options
    const answers = spool.waiting > 0 ? null : await this.#straight(messages)
    const passedBy = messages.filter((_, n) => answers === null || isPassing(answers[n]))
    if (passedBy.length === 0) return answers ?? []
    const kept = (await spool.append(passedBy)).values()
    return messages.map((_, n) => (answers === null || isPassing(answers[n]) ? kept.next().value : answers[n]) ?? null)
  }

  /** What the broker answers; null: nothing in time. Then a message may come twice, which the ledger knows. */
  async #straight(messages: readonly Message[]): Promise<readonly (BrokerError | null)[] | null> {
    const { clock, slowMs, log } = this.#options
    let cancel = () => {}
    const slow = new Promise<null>((resolve) => {
      cancel = clock.after(slowMs, () => resolve(null))
    })
    const answers = await Promise.race([this.#inner.append(messages).catch(() => null), slow])
    cancel()
    if (answers === null || answers.some(isPassing))
      log.warn({ broker: this.name }, 'the broker takes no messages: they are kept on the disk')
    return answers
  }

  receive(want: Wanted, signal: AbortSignal): Promise<Batch> {
    return this.#inner.receive(want, signal)
  }

  async backlog(): Promise<BrokerBacklog> {
    const [there, here] = await Promise.all([this.#inner.backlog(), this.#options.spool.backlog()])
    return { waiting: there.waiting + here.waiting, oldestMs: Math.max(there.oldestMs, here.oldestMs) }
  }

  async check(): Promise<readonly Finding[]> {
    return [...(await this.#inner.check()), ...(await this.#options.spool.check())]
  }

  /** What lies here stays, for the next start. */
  async close(): Promise<void> {
    this.#over.abort()
    // First the broker: an append that hangs ends with it.
    await this.#inner.close()
    await this.#draining
    await this.#options.spool.close()
  }

  async #drain(): Promise<void> {
    const { spool, log } = this.#options
    const { signal } = this.#over
    while (!signal.aborted) {
      try {
        const batch = await spool.receive({ max: this.traits.batchMax, waitMs: ADOPT_MS }, signal)
        if (batch.messages.length === 0) await spool.adopt()
        else await this.#bring(batch)
        if (batch.messages.length > 0 && spool.waiting === 0)
          log.info({ broker: this.name }, 'all that was kept on the disk is in the broker')
      } catch (error) {
        if (signal.aborted) return
        log.error({ broker: this.name, kind: kindOf(error) }, 'the spool could not be drained')
        await this.#pause()
      }
    }
  }

  /** In order: nothing behind it is brought before the broker has all of this. */
  async #bring(batch: Batch): Promise<void> {
    let left: readonly Lent[] = batch.messages
    while (left.length > 0 && !this.#over.signal.aborted) {
      const answers = await this.#inner.append(left)
      await batch.ack(left.filter((_, n) => answers[n] === null))
      const never = left.filter((_, n) => isFinal(answers[n]))
      for (const message of never)
        await batch.refuse(message, `the broker refuses it: ${kindOf(answers[left.indexOf(message)])}`)
      const before = left.length
      left = left.filter((message, n) => answers[n] !== null && !never.includes(message))
      if (left.length < before) this.#failures = 0
      if (left.length > 0 || never.length > 0) await this.#pause()
    }
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#options
    const ceiling = Math.min(RETRY_MS * 2 ** this.#failures, RETRY_MS_MAX)
    if (ceiling < RETRY_MS_MAX) this.#failures++
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#over.signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(ceiling / 2 + (random() * ceiling) / 2, done)
      this.#over.signal.addEventListener('abort', done)
    })
  }

  #tooLarge(): BrokerError {
    return new BrokerError('too-large', `${this.name}: ${this.traits.bodyBytesMax} bytes are the most`)
  }
}

const isPassing = (answer: BrokerError | null | undefined): boolean =>
  answer?.kind === 'unreachable' || answer?.kind === 'not-durable'

const isFinal = (answer: BrokerError | null | undefined): boolean => !!answer && !isPassing(answer)

const kindOf = (error: unknown): string => (error instanceof BrokerError ? error.kind : 'unknown')
