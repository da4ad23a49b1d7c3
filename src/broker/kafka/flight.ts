import type { Clock } from '../../core/clock.ts'
import type { BrokerError, Message } from '../broker.ts'
import type { Clients } from './clients.ts'
import { answersIn, isTooLarge, kindOf, troubleOf } from './trouble.ts'
import { bodyOf, headersOf, keyOf } from './wire.ts'

/** A message on its way in, and whom to tell. */
export interface Waiting {
  readonly message: Message
  readonly bytes: number
  /** Chosen once: what was sent to one partition is not sent to another. */
  partition: number | null
  answered: boolean
  /** What kept it from being taken so far. */
  trouble: unknown
  answer(error: BrokerError | null): void
}

interface Surroundings {
  readonly producer: Clients['producer']
  readonly topic: string
  readonly place: string
  readonly clock: Clock
  readonly closed: () => boolean
}

const AGAIN_MS = 200

/**
 * One request, and what is left of it when it fails: partitions fail each by itself, so what Kafka took is answered as taken,
 * what is too large is found out alone, and the rest is tried again for as long as somebody waits for its answer.
 */
export class Flight {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Resolves when all are answered, and nothing of them is under way. */
  async run(load: readonly Waiting[]): Promise<void> {
    const { producer, clock, closed } = this.#around
    let left = load
    while (left.length > 0) {
      const error = await this.#send(left)
      if (error === null) return answerAll(left, null)
      left = await this.#sort(left, error)
      if (closed()) return this.#refuse(left, error)
      for (const entry of left) entry.trouble = error
      // Somebody else may lead by now.
      producer.clearMetadata()
      await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve))
      left = left.filter(({ answered }) => !answered)
    }
  }

  /** Null, or why Kafka did not take all of it. */
  async #send(load: readonly Waiting[]): Promise<unknown> {
    const { producer, topic, clock } = this.#around
    const timestamp = BigInt(clock.now())
    const messages = load.map(({ message, partition }) => {
      const key = keyOf(message)
      const record = {
        topic,
        partition: partition ?? 0,
        value: bodyOf(message),
        headers: headersOf(message),
        timestamp,
      }
      return key ? { ...record, key } : record
    })
    try {
      await producer.send({ messages, acks: -1 })
      return null
    } catch (error) {
      return error ?? new Error('Kafka did not say why.')
    }
  }

  /** Answers what can be answered, and gives back what another try may help. */
  async #sort(load: readonly Waiting[], error: unknown): Promise<Waiting[]> {
    const codes = codesByPartition(error)
    const left: Waiting[] = []
    for (const [partition, entries] of Map.groupBy(load, (entry) => entry.partition ?? 0)) {
      const code = codes.get(partition)
      if (code === 0) answerAll(entries, null)
      else if (code !== undefined && isTooLarge(code)) await this.#singly(entries, error)
      else if (code !== undefined && kindOf(code) === 'refused') this.#refuse(entries, error)
      else left.push(...entries)
    }
    // An error without answers that no try helps: the topic is gone, or we are not let in.
    if (codes.size > 0 || troubleOf(this.#around.place, error).kind !== 'refused') return left
    this.#refuse(left, error)
    return []
  }

  async #singly(entries: readonly Waiting[], error: unknown): Promise<void> {
    for (const entry of entries) {
      const failed = entries.length === 1 ? error : await this.#send([entry])
      entry.answer(failed === null ? null : troubleOf(this.#around.place, failed))
    }
  }

  #refuse(entries: readonly Waiting[], error: unknown): void {
    answerAll(entries, troubleOf(this.#around.place, error))
  }
}

function answerAll(entries: readonly Waiting[], error: BrokerError | null): void {
  for (const entry of entries) entry.answer(error)
}

interface ProduceAnswer {
  readonly responses?: readonly { readonly partitionResponses?: readonly { index: number; errorCode: number }[] }[]
}

/** What Kafka said of each partition. A request may have been made more than once: what was taken once is taken. */
function codesByPartition(error: unknown): Map<number, number> {
  const codes = new Map<number, number>()
  for (const answer of answersIn(error) as ProduceAnswer[])
    for (const { partitionResponses } of answer.responses ?? [])
      for (const { index, errorCode } of partitionResponses ?? [])
        if (codes.get(index) !== 0) codes.set(index, errorCode)
  return codes
}
