import type { Clock } from '../../core/clock.ts'
import { BrokerError } from '../broker.ts'
import type { Clients } from './clients.ts'
import type { Group } from './group.ts'
import type { Share } from './share.ts'

/** An acknowledgement that Kafka has not heard after so long is said to have failed. */
const HEARD_MS = 10_000
const AGAIN_MS = 1_000

interface Surroundings {
  readonly member: Clients['member']
  readonly group: Group
  readonly topic: string
  readonly place: string
  readonly clock: Clock
  readonly shares: () => Iterable<Share>
}

/** Tells Kafka how far each partition is done. One commit at a time: of two under way the older could win. */
export class Marks {
  readonly #around: Surroundings
  #running: Promise<void> | null = null
  /** The part of it that is under way at Kafka. */
  #committing: Promise<void> | null = null
  #following: Promise<void> | null = null
  #again: (() => void) | null = null

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Resolves when Kafka has heard what is done by now. */
  async heard(): Promise<void> {
    const { clock, place } = this.#around
    const { promise: late, reject } = Promise.withResolvers<never>()
    const text = `${place}: an acknowledgement was not heard for ${HEARD_MS / 1000} s.`
    const cancel = clock.after(HEARD_MS, () => reject(new BrokerError('unreachable', text)))
    try {
      await Promise.race([this.#tell(), late])
    } finally {
      cancel()
    }
  }

  /** As `heard`, for the join that waits for it: others wait until the join is over. */
  async beforeJoin(): Promise<void> {
    await this.#committing?.catch(() => {})
    await this.#commit()
  }

  close(): void {
    this.#again?.()
  }

  #tell(): Promise<void> {
    if (this.#running) {
      // That one may have read the marks before this one rose.
      this.#following ??= this.#running
        .catch(() => {})
        .then(() => {
          this.#following = null
          return this.#tell()
        })
      return this.#following
    }
    this.#running = this.#commitSettled().finally(() => void (this.#running = null))
    return this.#running
  }

  async #commitSettled(): Promise<void> {
    if (!this.#risen().length) return
    await this.#around.group.settled()
    try {
      await this.#commit()
    } catch (error) {
      this.#again ??= this.#around.clock.after(AGAIN_MS, () => {
        this.#again = null
        this.#tell().catch(() => {})
      })
      throw error
    }
  }

  async #commit(): Promise<void> {
    const risen = this.#risen()
    if (risen.length === 0) return
    this.#committing = this.#say(risen).finally(() => void (this.#committing = null))
    await this.#committing
  }

  async #say(risen: readonly Share[]): Promise<void> {
    const { member, topic } = this.#around
    const offsets = risen.map(({ partition, mark }) => ({ topic, partition, offset: mark, leaderEpoch: -1 }))
    await member.commit({ offsets })
    risen.forEach((share, n) => {
      const { offset } = offsets[n] as { offset: bigint }
      if (offset > share.committed) share.committed = offset
    })
  }

  #risen(): Share[] {
    return [...this.#around.shares()].filter((share) => !share.lost && share.mark > share.committed)
  }
}
