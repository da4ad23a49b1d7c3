import type { Clock } from '../../core/clock.ts'
import { BrokerError } from '../broker.ts'
import type { Clients } from './clients.ts'
import type { Group } from './group.ts'
import type { Share } from './share.ts'
import { troubleOf } from './trouble.ts'

/** An acknowledgement that Kafka has not heard after so long is said to have failed. */
const HEARD_MS = 10_000
const AGAIN_MS = 250
/** Between two commits: each is a write of its own at Kafka, and what is done meanwhile goes together. */
const PACE_MS = 50

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
  #trouble: unknown = null
  #toldAt = 0
  #closed = false

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Resolves when Kafka has heard what is done by now. It is told again for as long as it takes; whoever waits is told sooner. */
  async heard(): Promise<void> {
    const { clock, place } = this.#around
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancel = clock.after(HEARD_MS, () => {
      const text = `${place}: an acknowledgement was not heard for ${HEARD_MS / 1000} s.`
      reject(this.#trouble ? troubleOf(place, this.#trouble) : new BrokerError('unreachable', text))
    })
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
    this.#closed = true
  }

  #tell(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#tellUntilHeard().finally(() => void (this.#running = null))
      return this.#running
    }
    // That one may have read the marks before this one rose.
    this.#following ??= this.#running.then(() => {
      this.#following = null
      return this.#tell()
    })
    return this.#following
  }

  async #tellUntilHeard(): Promise<void> {
    const { group, member, clock } = this.#around
    while (this.#risen().length > 0 && !this.#closed) {
      await this.#pause(Math.min(this.#toldAt + PACE_MS - clock.now(), PACE_MS))
      await group.settled()
      try {
        await this.#commit()
        this.#toldAt = clock.now()
        this.#trouble = null
      } catch (error) {
        this.#trouble = error
        // Another node may coordinate the group by now.
        member.clearMetadata()
        await this.#pause(AGAIN_MS)
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => void this.#around.clock.after(ms, resolve))
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
