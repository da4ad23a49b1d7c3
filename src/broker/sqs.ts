import type { Clock } from '../core/clock.ts'
import {
  type Batch,
  type Broker,
  BrokerError,
  type BrokerErrorKind,
  type Finding,
  type Lent,
  type Message,
} from './broker.ts'
import { either } from './either.ts'
import { Loans } from './loans.ts'
import { type BrokerOptions, LENT_MS } from './options.ts'
import { findings, missing } from './sqs/findings.ts'
import { type SqsPlace, sqsPlace } from './sqs/place.ts'
import { openQueue, type Queue, type Refused } from './sqs/queue.ts'
import { receiveSome } from './sqs/receiving.ts'
import { limitsOf, REQUEST_MAX, sendAll } from './sqs/sending.ts'
import { messageOf } from './sqs/wire.ts'

export { messageOf, type SqsRecord } from './sqs/wire.ts'

/**
 * A queue in Amazon SQS, standard or FIFO (`.fifo`), as a broker. A standard queue promises no order; the ledger has its own. In a
 * FIFO queue a lane is a group, and a group waits for its first message: one that is not acknowledged holds back those behind it
 * until its loan is over. Bodies travel as the text that they are; what is no text, or has characters that SQS would replace,
 * travels as base64. `bodyBytesMax` is what fits as that, three quarters of what the queue takes.
 */
export async function openSqsBroker(options: BrokerOptions): Promise<Broker> {
  const place = sqsPlace(options.url)
  const name = options.name ?? `sqs://${place.region}/${place.queue}`
  const queue = await openQueue(place, { name, clock: options.clock })
  const broker = new SqsBroker({ ...options, name, place, queue })
  await broker.measure()
  return broker
}

/** Ten requests side by side. */
const BATCH_MAX = 10 * REQUEST_MAX
/** A request takes SQS several times as long, and costs its user as much, for one message as for ten. */
const GATHER_MS = 2
/** A refused message rests for as long as SQS can count, so that others have their turn. */
const REFUSED_SECONDS = 1
const ACK_TRIES = 3
const AGAIN_MS = 100
/** Giving back what is lent is a courtesy: it comes again anyway. */
const CLOSE_MS = 2_000
/** A queue that could not be asked what it takes is asked again so often. */
const LOOK_MS = 5_000

interface Parts extends BrokerOptions {
  readonly name: string
  readonly place: SqsPlace
  readonly queue: Queue
}

class SqsBroker implements Broker {
  readonly name: string
  readonly #parts: Parts
  readonly #lentMs: number
  readonly #loans: Loans<string>
  readonly #stop = new AbortController()
  readonly #sending = new Set<Promise<unknown>>()
  #limits = limitsOf({})
  #closing: Promise<void> | null = null

  constructor(parts: Parts) {
    this.name = parts.name
    this.#parts = parts
    this.#lentMs = parts.lentMs ?? LENT_MS
    this.#loans = new Loans({
      clock: parts.clock,
      lentMs: this.#lentMs,
      ack: (handles) => this.#ack(handles),
      refuse: (handle, message, why) => this.#refuse(handle, message, why),
    })
  }

  get traits() {
    const { bodyBytesMax } = this.#limits
    const shares = { durable: true, shared: true, ordered: this.#parts.place.fifo }
    return { ...shares, batchMax: BATCH_MAX, requests: { of: REQUEST_MAX, gatherMs: GATHER_MS }, bodyBytesMax }
  }

  /** Reads off the queue how large a message may be. One that cannot be reached is taken for a small one, and is asked again. */
  async measure(first = true): Promise<void> {
    const { queue, log, clock } = this.#parts
    try {
      this.#limits = limitsOf(await queue.attributes())
    } catch (error) {
      if (this.#closing) return
      if (first) log.warn({ broker: this.name }, (error as Error).message)
      // One that may not be asked, or is not there, is looked at by whoever looks for findings.
      if ((error as BrokerError).kind === 'unreachable') clock.after(LOOK_MS, () => void this.measure(false))
    }
  }

  async append(messages: readonly Message[]): Promise<(BrokerError | null)[]> {
    this.#mustBeOpen()
    const { queue, place } = this.#parts
    const sent = sendAll(messages, { queue, name: this.name, fifo: place.fifo, limits: this.#limits })
    this.#sending.add(sent)
    return sent.finally(() => this.#sending.delete(sent))
  }

  async receive(want: { max: number; waitMs: number }, signal: AbortSignal): Promise<Batch> {
    this.#mustBeOpen()
    const { queue, clock } = this.#parts
    const max = Math.min(want.max, BATCH_MAX)
    const came = await either([signal, this.#stop.signal], (ended) =>
      receiveSome({ ...want, max }, { queue, clock, lentMs: this.#lentMs }, ended),
    )
    return this.#loans.lend(
      came.map(({ handle, record }) => ({
        message: messageOf(record),
        handle,
        sentAt: Number(record.attributes?.SentTimestamp ?? clock.now()),
      })),
    )
  }

  /** The age is that of the oldest on loan here: SQS tells no other. */
  async backlog() {
    this.#mustBeOpen()
    const attributes = await this.#parts.queue.attributes()
    const count = (name: string) => Number(attributes[`ApproximateNumberOfMessages${name}`] ?? 0)
    return { waiting: count('') + count('NotVisible') + count('Delayed'), oldestMs: this.#loans.oldestMs }
  }

  async check(): Promise<Finding[]> {
    this.#mustBeOpen()
    const { queue, place } = this.#parts
    try {
      const attributes = await queue.attributes()
      this.#limits = limitsOf(attributes)
      return findings(attributes, { queueUrl: place.queueUrl ?? place.queue, lentMs: this.#lentMs })
    } catch (error) {
      if (error instanceof BrokerError && error.kind === 'refused') return [missing(place)]
      throw error
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#stop.abort()
    const { queue, clock } = this.#parts
    const given = inChunks(this.#loans.handles().reverse()).map((handles) => queue.release(handles, 0).catch(() => []))
    const [late, cancel] = after(CLOSE_MS, clock)
    await Promise.race([Promise.all([...given, ...this.#sending]), late])
    cancel()
    queue.close()
  }

  /** A loan that ran out cannot be ended any more; whatever else was not done is asked for again. */
  async #ack(handles: readonly string[]): Promise<void> {
    this.#mustBeOpen()
    await Promise.all(
      inChunks(handles).map(async (chunk) => {
        let left = chunk
        for (let tries = 1; left.length > 0; tries++) {
          const { passing, gone } = apart(left, await this.#parts.queue.remove(left))
          if (gone > 0)
            this.#parts.log.info({ broker: this.name, gone }, 'loans had run out before they were acknowledged')
          if (passing.length > 0 && tries === ACK_TRIES) {
            throw new BrokerError('unreachable', `${this.name} did not hear that ${passing.length} messages are done.`)
          }
          if (passing.length > 0) await after(AGAIN_MS * tries * (1 + this.#parts.random()), this.#parts.clock)[0]
          left = passing
        }
      }),
    )
  }

  async #refuse(handle: string, message: Lent, why: string): Promise<void> {
    this.#mustBeOpen()
    this.#parts.log.info({ broker: this.name, id: message.id, deliveries: message.deliveries }, `not taken: ${why}`)
    await this.#parts.queue.release([handle], REFUSED_SECONDS)
  }

  #mustBeOpen(): void {
    if (this.#closing) throw closed(this.name)
  }
}

const closed = (name: string): BrokerError => new BrokerError('closed' satisfies BrokerErrorKind, `${name} is closed.`)

function apart(handles: readonly string[], refused: readonly Refused[]): { passing: string[]; gone: number } {
  const passing = refused.filter(({ ours }) => !ours).map(({ at }) => handles[at] as string)
  return { passing, gone: refused.length - passing.length }
}

function inChunks<V>(all: readonly V[]): V[][] {
  const chunks: V[][] = []
  for (let start = 0; start < all.length; start += REQUEST_MAX) chunks.push(all.slice(start, start + REQUEST_MAX))
  return chunks
}

function after(ms: number, clock: Clock): [Promise<void>, () => void] {
  let cancel = () => {}
  const passed = new Promise<void>((resolve) => (cancel = clock.after(ms, resolve)))
  return [passed, cancel]
}
