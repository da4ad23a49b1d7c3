import { type Batch, type Broker, BrokerError, type Finding, type Lent, type Message, type Wanted } from './broker.ts'
import { either } from './either.ts'
import { Loans } from './loans.ts'
import { type BrokerOptions, LENT_MS } from './options.ts'
import { type Calls, openCalls } from './pubsub/calls.ts'
import { findings, missing } from './pubsub/findings.ts'
import { type PubsubPlace, pubsubPlace, short } from './pubsub/place.ts'
import { ackIdOf, Pulls } from './pubsub/pulling.ts'
import { Refusals } from './pubsub/refusals.ts'
import { BODY_BYTES_MAX, publishAll } from './pubsub/sending.ts'
import { Tally } from './pubsub/tally.ts'
import { type Pulled, publishedAt } from './pubsub/wire.ts'

/**
 * A topic and a subscription in Google Pub/Sub as a broker. The subscription is pulled, not streamed: what nobody asked for is
 * lent to nobody, so there is no buffer to bound, and a process that dies holds back one batch and no more. A loan is the
 * subscription's own deadline, extended while the batch is held until `lentMs` are over, so a crash is noticed as soon as that
 * deadline. A subscription with message ordering gets each lane as its ordering key; one without takes fuller requests.
 */
export async function openPubsubBroker(options: BrokerOptions): Promise<Broker> {
  const place = pubsubPlace(options.url)
  const name = options.name ?? `pubsub://${place.project}/${short(place.topic)}/${short(place.subscription)}`
  const broker = new PubsubBroker({ ...options, name, place, calls: await openCalls(place, name) })
  await broker.measure()
  return broker
}

/** As many as one pull may bring on a bad day, and as many lanes as one connection publishes side by side. */
const BATCH_MAX = 100
const ACK_IDS_MAX = 500
const ACK_TRIES = 3
const AGAIN_MS = 100
/** A refused message rests for a moment, so that others have their turn. */
const REFUSED_SECONDS = 1
/** What Google takes when a subscription does not say. */
const DEADLINE_SECONDS = 10
/** Giving back what is lent is a courtesy: it comes again anyway. */
const CLOSE_MS = 2_000

interface Parts extends BrokerOptions {
  readonly name: string
  readonly place: PubsubPlace
  readonly calls: Calls
}

class PubsubBroker implements Broker {
  readonly name: string
  readonly #parts: Parts
  readonly #lentMs: number
  readonly #loans: Loans<string>
  readonly #tally: Tally
  readonly #pulls: Pulls
  readonly #refusals = new Refusals()
  readonly #stop = new AbortController()
  readonly #sending = new Set<Promise<unknown>>()
  #ordered = true
  #deadlineSeconds = DEADLINE_SECONDS
  #extending: (() => void) | null = null
  #closing: Promise<void> | null = null

  constructor(parts: Parts) {
    this.name = parts.name
    this.#parts = parts
    this.#lentMs = parts.lentMs ?? LENT_MS
    this.#tally = new Tally(parts.clock)
    this.#pulls = new Pulls(parts)
    this.#loans = new Loans({
      clock: parts.clock,
      lentMs: this.#lentMs,
      ack: (ackIds) => this.#ack(ackIds),
      refuse: (ackId, message, why) => this.#refuse(ackId, message, why),
    })
  }

  get traits() {
    return {
      durable: true,
      shared: true,
      ordered: this.#ordered,
      batchMax: BATCH_MAX,
      bodyBytesMax: BODY_BYTES_MAX,
    }
  }

  /** Reads off the subscription whether it keeps order, and for how long it lends. One that cannot be seen is taken to keep it. */
  async measure(): Promise<void> {
    try {
      const { enableMessageOrdering, ackDeadlineSeconds } = await this.#parts.calls.subscription()
      this.#ordered = enableMessageOrdering === true
      this.#deadlineSeconds = ackDeadlineSeconds || DEADLINE_SECONDS
    } catch (error) {
      this.#parts.log.warn({ broker: this.name }, (error as Error).message)
    }
  }

  async append(messages: readonly Message[]): Promise<(BrokerError | null)[]> {
    this.#mustBeOpen()
    const sent = publishAll(messages, { calls: this.#parts.calls, name: this.name, ordered: this.#ordered })
    this.#sending.add(sent)
    const answers = await sent.finally(() => this.#sending.delete(sent))
    this.#tally.appended(answers.filter((answer) => answer === null).length)
    return answers
  }

  async receive(want: Wanted, signal: AbortSignal): Promise<Batch> {
    this.#mustBeOpen()
    const pulled = await either([signal, this.#stop.signal], (ended) => this.#pullUntil(want, ended))
    return this.#lend(pulled)
  }

  /** See `Tally`: an estimate. The age is that of the oldest on loan here. */
  async backlog() {
    this.#mustBeOpen()
    return { waiting: this.#tally.waiting, oldestMs: this.#loans.oldestMs }
  }

  async check(): Promise<Finding[]> {
    this.#mustBeOpen()
    const { calls, place } = this.#parts
    const found: Finding[] = []
    const seen = async (what: 'topic' | 'subscription', look: () => Promise<void>) => {
      await look().catch((error: BrokerError) => {
        if (error.kind !== 'refused') throw error
        found.push(missing(place, what))
      })
    }
    await seen('topic', () => calls.topic())
    await seen('subscription', async () => {
      found.push(...findings(await calls.subscription(), place, this.#lentMs))
    })
    return found
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#stop.abort()
    this.#extending?.()
    const { calls, clock } = this.#parts
    const given = inChunks([...this.#loans.handles(), ...this.#pulls.close()]).map((ackIds) =>
      calls.extend(ackIds, 0).catch(() => {}),
    )
    let cancel = () => {}
    const late = new Promise<void>((resolve) => (cancel = clock.after(CLOSE_MS, resolve)))
    await Promise.race([Promise.all([...given, ...this.#sending]), late])
    cancel()
    await calls.close()
  }

  async #pullUntil({ max, waitMs }: Wanted, signal: AbortSignal): Promise<readonly Pulled[]> {
    const { clock } = this.#parts
    const untilAt = clock.now() + waitMs
    let pulled: readonly Pulled[] = []
    do {
      const left = Math.max(untilAt - clock.now(), AT_LEAST_MS)
      pulled = await this.#pulls.pull({ max: Math.min(max, BATCH_MAX), waitMs: left }, signal)
    } while (pulled.length === 0 && !signal.aborted && clock.now() < untilAt)
    return pulled
  }

  #lend(pulled: readonly Pulled[]): Batch {
    const batch = this.#loans.lend(
      pulled.map((one) => ({ message: this.#refusals.lent(one), handle: ackIdOf(one), sentAt: publishedAt(one) })),
    )
    this.#tally.received(pulled.length, this.#loans.handles().length)
    this.#extendLater()
    return batch
  }

  /** Most batches are acknowledged long before: only those that are still held ask for more time. */
  #extendLater(): void {
    const { clock, calls } = this.#parts
    const halfMs = this.#deadlineSeconds * 500
    if (this.#extending || this.#closing || this.#loans.handles(clock.now() + halfMs).length === 0) return
    this.#extending = clock.after(halfMs, () => {
      this.#extending = null
      for (const ackIds of inChunks(this.#loans.handles(clock.now() + halfMs))) {
        // Whose loan could not be extended comes again, as if its holder had died.
        calls.extend(ackIds, this.#deadlineSeconds).catch(() => {})
      }
      this.#extendLater()
    })
  }

  /** A loan that ran out cannot be ended any more; whatever else was not heard is said again. */
  async #ack(ackIds: readonly string[]): Promise<void> {
    this.#mustBeOpen()
    await Promise.all(inChunks(ackIds).map((chunk) => this.#acknowledge(chunk)))
    this.#tally.acknowledged(ackIds.length)
  }

  async #acknowledge(ackIds: readonly string[]): Promise<void> {
    const { calls, log, clock, random } = this.#parts
    let left = ackIds
    for (let tries = 1; left.length > 0; tries++) {
      const unheard = await calls.acknowledge(left)
      const gone = unheard.filter((one) => one.gone).length
      if (gone > 0) log.info({ broker: this.name, gone }, 'loans had run out before they were acknowledged')
      left = unheard.filter((one) => !one.gone).map(({ ackId }) => ackId)
      if (left.length > 0 && tries === ACK_TRIES) {
        throw new BrokerError('unreachable', `${this.name} did not hear that ${left.length} messages are done.`)
      }
      const pauseMs = AGAIN_MS * tries * (1 + random())
      if (left.length > 0) await new Promise<void>((resolve) => void clock.after(pauseMs, resolve))
    }
  }

  async #refuse(ackId: string, message: Lent, why: string): Promise<void> {
    this.#mustBeOpen()
    const { log, calls } = this.#parts
    log.info({ broker: this.name, id: message.id, deliveries: message.deliveries }, `not taken: ${why}`)
    this.#refusals.refused(message)
    await calls.extend([ackId], REFUSED_SECONDS)
  }

  #mustBeOpen(): void {
    if (this.#closing) throw new BrokerError('closed', `${this.name} is closed.`)
  }
}

/** A pull needs some time to be one at all. */
const AT_LEAST_MS = 50

function inChunks<V>(all: readonly V[]): V[][] {
  const chunks: V[][] = []
  for (let start = 0; start < all.length; start += ACK_IDS_MAX) chunks.push(all.slice(start, start + ACK_IDS_MAX))
  return chunks
}
