import { type Broker, BrokerError } from '../broker/broker.ts'
import { Bell } from '../core/bell.ts'
import type { Clock } from '../core/clock.ts'
import type { Envelope } from '../core/event.ts'
import type { Logger } from '../core/service.ts'
import type { Admitted, Ledger, Receipt } from '../store/store.ts'
import type { Admission } from './admission.ts'
import { type Answer, received, refusal } from './answer.ts'
import { toMessage } from './message.ts'

/** How a delivery may end. `stray`: signed, but with a `created` that the ledger refuses; kept whole. */
export const INGEST_RESULTS = ['new', 'repeat', 'stray', 'rejected', 'unavailable'] as const
export type IngestResult = (typeof INGEST_RESULTS)[number]

/** Called for every delivery: both arguments are from closed sets and nothing is made per call. */
export interface IntakeMeter {
  /** `endpoint` is `none` until a signature was right. */
  ingested(endpoint: string, result: IngestResult): void
  /** From the whole body's arrival to the answer. */
  acked(ms: number): void
  /** From `created` to arrival, for new events. */
  lagged(ms: number): void
}

export interface CommitLimits {
  readonly batchMax: number
  readonly batchBytesMax: number
  /** Admits under way at once: while the store syncs one batch, it can already read the next. */
  readonly admitsMax: number
  /** Where deliveries follow one another closely, so long each waits for others to be admitted with it; see `Ledger`. */
  readonly gatherMs: number
  /** So many are not worth waiting for more. */
  readonly gatheredEnough: number
  /**
   * After this long without an answer from the store a delivery gets its 503; if it is recorded later, Stripe's next
   * try is a repeat. Others do not wait for a batch all of which was answered so: the next is tried beside it.
   */
  readonly ackMs: number
  /** So long `idle` waits for what the store makes of such batches. */
  readonly lateMs: number
}

export const commitDefaults: CommitLimits = {
  ...{ batchMax: 512, batchBytesMax: 4_194_304, admitsMax: 1 },
  ...{ gatherMs: 0, gatheredEnough: 8, ackMs: 8_000, lateMs: 2_000 },
}

/** Where the batch before was so many times `gatherMs` ago, nobody is likely to come: one that comes alone goes at once. */
const CLOSE_TIMES = 10

export interface CommitDeps {
  readonly ledger: Pick<Ledger, 'admit' | 'accept' | 'keep'>
  /** Stands in front of the ledger: then a 200 means that it has the event, and whether it is new is seen behind it. */
  readonly broker?: Pick<Broker, 'append'> | null
  readonly admission: Admission
  readonly meter: IntakeMeter
  readonly clock: Clock
  readonly log: Logger
  readonly limits?: Partial<CommitLimits>
}

/** Collects envelopes, admits them in batches, and answers each delivery with what became of its event. */
export class GroupCommit {
  #deps: CommitDeps
  #limits: CommitLimits
  #waiting: Waiting[] = []
  #unanswered = new Set<readonly Waiting[]>()
  /** The store has them, and their senders were told 503. Bounded by their bytes, which count until it answers. */
  #late = new Set<readonly Waiting[]>()
  #scheduled = false
  #begunAt = Number.NEGATIVE_INFINITY
  /** Ends the wait for others. */
  #gathering: (() => void) | null = null
  #watching = false
  readonly #fewer = new Bell()

  constructor(deps: CommitDeps) {
    this.#deps = deps
    this.#limits = { ...commitDefaults, ...deps.limits }
  }

  add(envelope: Envelope, at: number): Promise<Answer> {
    this.#watch()
    return new Promise((answer) => {
      this.#waiting.push({ envelope, at, answer, answered: false })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits for the store; for what it owes an answer though the senders have theirs, after `lateMs` at most. */
  async idle(): Promise<void> {
    while (!this.#quiet()) await this.#fewer.next()
    let over = false
    const cancel = this.#deps.clock.after(this.#limits.lateMs, () => {
      over = true
      this.#fewer.ring()
    })
    while (!over && this.#late.size > 0) await this.#fewer.next()
    cancel()
  }

  #quiet(): boolean {
    return this.#waiting.length === 0 && this.#unanswered.size === 0
  }

  /** After the current round of sockets was read, so that what arrived together is synced together. */
  #schedule(): void {
    if (this.#gathering && this.#waiting.length >= this.#limits.gatheredEnough) this.#gathering()
    if (this.#scheduled || this.#waiting.length === 0 || this.#unanswered.size >= this.#limits.admitsMax) return
    this.#scheduled = true
    const begin = () => {
      this.#scheduled = false
      this.#begunAt = this.#deps.clock.now()
      if (this.#waiting.length > 0) void this.#commit(this.#batch())
      this.#schedule()
    }
    if (this.#gathers) this.#gather(begin)
    else setImmediate(begin)
  }

  #gather(begin: () => void): void {
    const cancel = this.#deps.clock.after(this.#limits.gatherMs, () => {
      this.#gathering = null
      begin()
    })
    this.#gathering = () => {
      this.#gathering = null
      cancel()
      setImmediate(begin)
    }
  }

  get #gathers(): boolean {
    const { gatherMs, gatheredEnough } = this.#limits
    if (gatherMs === 0 || this.#waiting.length >= gatheredEnough) return false
    return this.#deps.clock.now() - this.#begunAt < gatherMs * CLOSE_TIMES
  }

  #batch(): Waiting[] {
    let count = 0
    let bytes = 0
    for (const { envelope } of this.#waiting) {
      bytes += envelope.body.length
      // One body is never too large for a batch of its own.
      if (count > 0 && (count >= this.#limits.batchMax || bytes > this.#limits.batchBytesMax)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    this.#unanswered.add(batch)
    try {
      const { broker } = this.#deps
      if (broker) await this.#append(broker, batch)
      else await this.#admit(batch)
      this.#deps.admission.worked()
    } catch (error) {
      this.#deps.log.error({ code: codeOf(error), events: batch.length }, 'a batch could not be recorded')
      // The door was closed for a late one when it became late, and may be open again for good reason.
      if (!this.#late.has(batch)) this.#unavailable(batch)
    } finally {
      // Only now: a batch that the store sits on is still in memory, whoever was told 503 meanwhile.
      for (const { envelope } of batch) this.#deps.admission.gave(envelope.body.length)
      this.#unanswered.delete(batch)
      this.#late.delete(batch)
      this.#schedule()
      this.#fewer.ring()
    }
  }

  /** Each is answered by itself. What is too large for the broker goes straight to the ledger. */
  async #append(broker: Pick<Broker, 'append'>, batch: readonly Waiting[]): Promise<void> {
    const answers = await broker.append(batch.map(({ envelope, at }) => toMessage(envelope, at)))
    const large = batch.filter((_, n) => answers[n]?.kind === 'too-large')
    const failed = batch.filter((waiting, n) => answers[n] !== null && !large.includes(waiting))
    const error = answers.find((answer) => answer && answer.kind !== 'too-large')
    if (failed.length === batch.length) throw error ?? new TypeError('the broker did not answer for its messages')

    const now = this.#deps.clock.now()
    for (const [n, waiting] of batch.entries()) if (answers[n] === null) this.#recorded(waiting, 'new', now)
    for (const one of failed) this.#answer(one, refusal('store_unavailable'), 'unavailable', now)
    if (error)
      this.#deps.log.error({ code: codeOf(error), events: failed.length }, 'a part of a batch could not be recorded')
    if (large.length > 0) await this.#admit(large)
  }

  async #admit(batch: readonly Waiting[]): Promise<void> {
    const { ledger } = this.#deps
    if (ledger.accept) return this.#accept(await ledger.accept(batch.map(({ envelope }) => envelope)), batch)
    const admitted = await this.#deps.ledger.admit(batch.map(({ envelope }) => envelope))
    const now = this.#deps.clock.now()
    const refused: Waiting[] = []
    for (let i = 0; i < batch.length; i++) {
      const waiting = batch[i] as Waiting
      if (admitted[i] === 'refused') refused.push(waiting)
      else this.#recorded(waiting, admitted[i], now)
    }
    if (refused.length > 0) await this.#keep(refused)
  }

  /** All are on the disk: they are answered now, and counted once the ledger has looked at them. */
  #accept({ admitted }: Receipt, batch: readonly Waiting[]): void {
    const now = this.#deps.clock.now()
    for (const waiting of batch) this.#answer(waiting, received, null, now)
    // The ledger may look much later: no body is kept for that.
    const accepted = batch.map(({ envelope: { endpoint, createdAt }, at }) => ({ endpoint, createdAt, at }))
    admitted.then(
      (results) => this.#count(accepted, results),
      () => {
        // The process ends before the ledger has looked; the next one takes them in.
      },
    )
  }

  #count(accepted: readonly Accepted[], results: readonly Admitted[]): void {
    const { meter } = this.#deps
    for (const [i, { endpoint, createdAt, at }] of accepted.entries()) {
      if (results[i] === 'new') meter.lagged(at - createdAt)
      meter.ingested(endpoint, results[i] === 'refused' ? 'stray' : (results[i] ?? 'new'))
    }
  }

  #recorded(waiting: Waiting, admitted: Admitted | undefined, now: number): void {
    if (admitted === undefined) throw new TypeError('the ledger answered for fewer events than it was given')
    if (admitted === 'new') this.#deps.meter.lagged(waiting.at - waiting.envelope.createdAt)
    this.#answer(waiting, received, admitted === 'new' ? 'new' : 'repeat', now)
  }

  async #keep(refused: readonly Waiting[]): Promise<void> {
    const why = 'created is more than 400 days away'
    await this.#deps.ledger.keep(
      refused.map(({ envelope }) => ({ bytes: envelope.body, source: `webhook ${envelope.endpoint}`, why })),
    )
    const now = this.#deps.clock.now()
    for (const waiting of refused) this.#answer(waiting, received, 'stray', now)
  }

  #unavailable(waiting: readonly Waiting[]): void {
    this.#deps.admission.failed()
    const now = this.#deps.clock.now()
    for (const one of waiting) this.#answer(one, refusal('store_unavailable'), 'unavailable', now)
  }

  /** Without a `result` it is counted later. */
  #answer(waiting: Waiting, answer: Answer, result: IngestResult | null, now: number): void {
    if (waiting.answered) return
    waiting.answered = true
    if (result) this.#deps.meter.ingested(waiting.envelope.endpoint, result)
    this.#deps.meter.acked(now - waiting.at)
    waiting.answer(answer)
  }

  /** One timer for all: a store that neither answers nor fails must not keep Stripe waiting. */
  #watch(): void {
    if (this.#watching) return
    this.#watching = true
    this.#deps.clock.after(this.#limits.ackMs / 4, () => {
      this.#watching = false
      this.#expire(this.#deps.clock.now() - this.#limits.ackMs)
      if (!this.#quiet()) this.#watch()
    })
  }

  #expire(before: number): void {
    for (const batch of this.#unanswered) {
      const late = batch.filter(({ at, answered }) => !answered && at <= before)
      if (late.length === 0) continue
      this.#unavailable(late)
      if (batch.some(({ answered }) => !answered)) continue
      this.#unanswered.delete(batch)
      this.#late.add(batch)
    }
    let late = 0
    while (late < this.#waiting.length && (this.#waiting[late] as Waiting).at <= before) late++
    const expired = this.#waiting.splice(0, late)
    for (const { envelope } of expired) this.#deps.admission.gave(envelope.body.length)
    if (late > 0) this.#unavailable(expired)
    this.#schedule()
    this.#fewer.ring()
  }
}

interface Waiting {
  readonly envelope: Envelope
  readonly at: number
  readonly answer: (answer: Answer) => void
  answered: boolean
}

/** What is counted of a delivery that was answered before the ledger had looked at it. */
interface Accepted extends Pick<Envelope, 'endpoint' | 'createdAt'> {
  readonly at: number
}

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  if (error instanceof BrokerError) return error.kind
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
