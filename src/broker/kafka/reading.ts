import type * as Kafka from '@platformatic/kafka'
import type { Clock } from '../../core/clock.ts'
import type { Clients } from './clients.ts'
import type { Held, Share } from './share.ts'
import type { Stock } from './stock.ts'
import { answersIn, isForgotten } from './trouble.ts'
import { messageOf } from './wire.ts'

/** A fetch that finds nothing waits so long at the broker: a partition that is new meanwhile waits with it. */
const FETCH_WAIT_MS = 500
const FETCH_BYTES = 8 * 1024 * 1024
const PARTITION_BYTES = 1024 * 1024
const AGAIN_MS = 250
/** So far a partition is read ahead of its lowest message that is not done: what a crash would repeat at most. */
const AHEAD_MAX = 20_000
const OUT_OF_RANGE = 1
const EARLIEST = -2n
const CONTROL = 1 << 5

type FetchAnswer = Awaited<ReturnType<Clients['reader']['fetch']>>

interface Surroundings {
  readonly reader: Clients['reader']
  readonly topic: string
  readonly clock: Clock
  readonly stock: Stock
  readonly shares: () => readonly Share[]
  /** Its trouble came or went. */
  readonly changed: () => void
  /** The place where a partition was read is no more: messages were deleted, before they were read or with a leader that lost them. */
  readonly astray: (share: Share, first: bigint) => void
}

/** Reads ahead into the stock: one fetch at a time from each node that leads a partition of ours. */
export class Reading {
  readonly #around: Surroundings
  readonly #busy = new Set<number>()
  /** The node's last fetch failed. */
  readonly #failing = new Map<number, unknown>()
  #trouble: unknown = null
  #pumping = false
  #closed = false

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Why nothing can be read just now; null when something can. */
  get trouble(): unknown {
    return this.#trouble
  }

  close(): void {
    this.#closed = true
  }

  /** Fetches whatever is not being fetched. To be called when something may have changed. */
  pump(): void {
    if (this.#pumping || this.#closed) return
    this.#pumping = true
    this.#start().catch((error: unknown) => {
      this.#around.reader.clearMetadata()
      this.#is(error)
      this.#later()
    })
  }

  async #start(): Promise<void> {
    const { reader, topic, stock } = this.#around
    let known: Kafka.ClusterTopicMetadata | undefined
    try {
      if (this.#wanted().length === 0 || stock.full) return
      known = (await reader.metadata({ topics: [topic] })).topics.get(topic)
    } finally {
      this.#pumping = false
    }
    const byNode = Map.groupBy(this.#wanted(), ({ partition }) => known?.partitions[partition]?.leader ?? -1)
    for (const node of this.#failing.keys()) if (!byNode.has(node)) this.#failing.delete(node)
    for (const [node, shares] of byNode) {
      if (this.#busy.has(node)) continue
      this.#busy.add(node)
      this.#fetch({ node, topicId: known?.id ?? '', shares, nodes: byNode.size })
    }
  }

  #wanted(): Share[] {
    return this.#around.shares().filter(({ lost, ahead }) => !lost && ahead < AHEAD_MAX)
  }

  #fetch(ask: { node: number; topicId: string; shares: Share[]; nodes: number }): void {
    const { node, shares } = ask
    const asked = new Map(shares.map((share) => [share.partition, { share, from: share.next }]))
    this.#around.reader
      .fetch({ node, topics: shares.map((share) => wanted(ask.topicId, share)), ...HOW })
      .then(
        async (answer) => {
          this.#failing.delete(node)
          this.#is(null)
          await this.#keep(answer, asked)
          return true
        },
        async (error: unknown) => {
          if (isForgotten(error)) return true
          const answers = answersIn(error) as FetchAnswer[]
          for (const answer of answers) await this.#keep(answer, asked)
          this.#around.reader.clearMetadata()
          this.#failing.set(node, error)
          if (this.#failing.size >= ask.nodes) this.#is(error)
          return false
        },
      )
      .catch(() => false)
      .then((well) => {
        this.#busy.delete(node)
        if (well) this.pump()
        else this.#later()
      })
  }

  async #keep(answer: FetchAnswer, asked: Map<number, { share: Share; from: bigint }>): Promise<void> {
    for (const part of answer.responses.flatMap(({ partitions }) => partitions)) {
      const one = asked.get(part.partitionIndex)
      // It may have gone and come back meanwhile, or stand elsewhere.
      if (!one || one.share.lost || one.share.next !== one.from) continue
      if (part.errorCode === OUT_OF_RANGE) await this.#restart(one.share)
      else if (part.errorCode === 0) this.#take(one.share, part.records ?? [])
    }
  }

  #take(share: Share, batches: readonly Kafka.RecordsBatch[]): void {
    const from = share.next
    const some: Held[] = []
    for (const batch of batches) {
      share.next = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
      if (batch.attributes & CONTROL) continue
      for (const record of batch.records) {
        const offset = batch.firstOffset + BigInt(record.offsetDelta)
        // A batch begins before the place that was asked for.
        if (offset < from) continue
        const at = Number(batch.firstTimestamp + record.timestampDelta)
        some.push({ share, offset, message: messageOf(record), at, lends: 0, state: 'ready' })
      }
    }
    this.#around.stock.add(some)
  }

  /** From the first that is still there: what was deleted is gone, and nothing that is left is passed by. */
  async #restart(share: Share): Promise<void> {
    const { reader, topic, astray } = this.#around
    const asked = { topics: [topic], partitions: { [topic]: [share.partition] }, timestamp: EARLIEST }
    const first = (await reader.listOffsets(asked)).get(topic)?.[share.partition]
    if (first !== undefined && !share.lost) astray(share, first)
  }

  #later(): void {
    this.#around.clock.after(AGAIN_MS, () => this.pump())
  }

  #is(trouble: unknown): void {
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    this.#around.changed()
  }
}

const HOW = { maxWaitTime: FETCH_WAIT_MS, minBytes: 1, maxBytes: FETCH_BYTES }

const wanted = (topicId: string, { partition, next }: Share) => ({
  topicId,
  partitions: [
    { partition, fetchOffset: next, currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: PARTITION_BYTES },
  ],
})
