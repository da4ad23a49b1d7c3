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
import { either } from '../either.ts'
import type { Spool, SpoolBatch } from '../spool.ts'

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
 * is back. As long as something lies here, what is new goes behind it. What turns out to be larger than the broker takes is set
 * aside, so that nothing waits for it, and lent from the disk to whoever receives.
 */
export class SpoolBefore implements Broker {
  readonly name: string
  readonly #inner: Broker
  readonly #options: Required<BeforeOptions>
  readonly #over = new AbortController()
  readonly #draining: Promise<void>
  /** Tries in a row in which the broker took nothing. */
  #failures = 0
  /** Aborts when something was set aside. */
  #larger = new AbortController()

  constructor(inner: Broker, options: BeforeOptions) {
    this.#inner = inner
    this.#options = { slowMs: SLOW_MS, ...options }
    this.name = inner.name
    this.#draining = this.#drain()
  }

  /** Of both. Asked anew each time: a broker that was away at the start says later what it takes. */
  get traits(): Traits {
    const { traits: inner } = this.#inner
    const { traits: disk } = this.#options.spool
    const batchMax = Math.min(inner.batchMax, disk.batchMax)
    return { ...inner, batchMax, bodyBytesMax: Math.min(inner.bodyBytesMax, disk.bodyBytesMax) }
  }

  /** How many lie on the disk. */
  get spooled(): number {
    const { waiting, aside } = this.#options.spool
    return waiting + aside
  }

  async append(messages: readonly Message[]): Promise<readonly (BrokerError | null)[]> {
    if (this.#over.signal.aborted) throw new BrokerError('closed', `${this.name}: it is closed`)
    // What the broker would never take must not stand on the disk in front of all others.
    const { bodyBytesMax } = this.traits
    const fits = ({ body }: Message) => body.length <= bodyBytesMax
    const answers = (await this.#take(messages.filter(fits))).values()
    return messages.map((message) => (fits(message) ? (answers.next().value ?? null) : this.#tooLarge(bodyBytesMax)))
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

  /** First what was set aside: it may have waited for long. */
  async receive(want: Wanted, signal: AbortSignal): Promise<Batch> {
    const { spool } = this.#options
    const aside = this.#over.signal.aborted || signal.aborted ? null : spool.lendAside(want.max)
    if (aside) return aside
    const batch = await either([signal, this.#larger.signal], (ended) => this.#inner.receive(want, ended))
    const over = batch.messages.length > 0 || signal.aborted || this.#over.signal.aborted
    return over ? batch : (spool.lendAside(want.max) ?? batch)
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
        if (batch.messages.length > 0 && this.spooled === 0)
          log.info({ broker: this.name }, 'all that was kept on the disk is in the broker')
      } catch (error) {
        if (signal.aborted) return
        log.error({ broker: this.name, kind: kindOf(error) }, 'the spool could not be drained')
        await this.#pause()
      }
    }
  }

  /** In order: nothing behind it is brought before the broker has all of this. */
  async #bring(batch: SpoolBatch): Promise<void> {
    let left: readonly Lent[] = batch.messages
    while (left.length > 0 && !this.#over.signal.aborted) {
      const answers = await this.#inner.append(left)
      await batch.ack(left.filter((_, n) => answers[n] === null))
      this.#setAside(
        left.filter((_, n) => answers[n]?.kind === 'too-large'),
        batch,
      )
      const refused = left.filter((_, n) => isRefused(answers[n]))
      for (const message of refused)
        await batch.refuse(message, `the broker refuses it: ${kindOf(answers[left.indexOf(message)])}`)
      const before = left.length
      left = left.filter((_, n) => isPassing(answers[n]))
      if (left.length < before) this.#failures = 0
      if (left.length > 0 || refused.length > 0) await this.#pause()
    }
  }

  /** No try helps: the broker takes nothing that large. */
  #setAside(large: readonly Lent[], batch: SpoolBatch): void {
    if (large.length === 0) return
    const { log } = this.#options
    log.warn(
      { broker: this.name, messages: large.length },
      'messages are larger than the broker takes: they are set aside on the disk',
    )
    batch.setAside(large)
    this.#larger.abort()
    this.#larger = new AbortController()
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

  #tooLarge(max: number): BrokerError {
    return new BrokerError('too-large', `${this.name}: ${max} bytes are the most`)
  }
}

const isPassing = (answer: BrokerError | null | undefined): boolean =>
  answer?.kind === 'unreachable' || answer?.kind === 'not-durable'

/** Somebody has to mend the broker first. */
const isRefused = (answer: BrokerError | null | undefined): boolean =>
  !!answer && !isPassing(answer) && answer.kind !== 'too-large'

const kindOf = (error: unknown): string => (error instanceof BrokerError ? error.kind : 'unknown')
