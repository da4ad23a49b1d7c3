import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Clients } from './clients.ts'

/** What this process has to do with the group: which partitions are its own, and up to where Kafka has heard that they are done. */
export interface GroupHands {
  /** These are its partitions from now on; called again whenever they may have changed. */
  assigned(partitions: readonly number[]): void
  /** These go to others: resolves when what is lent of them is done, or has had its time. */
  handOver(partitions: readonly number[]): Promise<void>
}

interface Surroundings {
  readonly topic: string
  readonly clock: Clock
  readonly log: Logger
  /** Its trouble came. */
  readonly changed: () => void
}

const REJOIN_MS = 500

/** Membership in the consumer group: joins, stays, joins again whenever it was put out. */
export class Group {
  readonly #member: Clients['member']
  readonly #hands: GroupHands
  readonly #around: Surroundings
  #partitions: readonly number[] = []
  #joining: PromiseWithResolvers<void> | null = null
  #trouble: unknown = null
  #closed = false
  #trying = false

  constructor(member: Clients['member'], hands: GroupHands, around: Surroundings) {
    this.#member = member
    this.#hands = hands
    this.#around = around
    member.on('consumer:group:join', () => this.#joined())
    member.on('consumer:heartbeat:end', () => void (this.#trouble = null))
    member.on('consumer:heartbeat:error', ({ error }: { error?: unknown }) => this.#is(error ?? 'no heartbeat'))
    // No heartbeat for a whole session, for whatever reason: it is out of the group by now.
    member.on('consumer:heartbeat:stalled', ({ lastError }: { lastError?: unknown }) => this.#failed(lastError))
    // The client gave up to join again.
    member.on('error' as 'consumer:group:rejoin', ((error: unknown) => this.#failed(error)) as () => void)
  }

  /** Why it is in no group just now; null when it is. */
  get trouble(): unknown {
    return this.#trouble
  }

  /** Resolves when no join is under way: Kafka takes no commit in the middle of one. */
  async settled(): Promise<void> {
    while (this.#joining) await this.#joining.promise
  }

  has(partition: number): boolean {
    return this.#partitions.includes(partition)
  }

  /** Says once more what is assigned, for whoever could not begin with it. */
  again(): void {
    this.#hands.assigned(this.#partitions)
  }

  join(): void {
    if (this.#trying || this.#closed) return
    this.#trying = true
    this.#member
      .joinGroup({})
      .catch((error: unknown) => this.#failed(error))
      .finally(() => void (this.#trying = false))
  }

  /** Asked by the client before each join, the first included. */
  async beforeJoin(): Promise<void> {
    this.#joining ??= Promise.withResolvers()
    const kept = this.#current()
    const going = this.#partitions.filter((partition) => !kept.includes(partition))
    if (going.length === 0) return
    // Without a member's id it was put out: others have its partitions already, and would not hear of a mark.
    if (this.#member.memberId !== null) await this.#hands.handOver(going)
    this.#take(kept)
  }

  /** Others take over at once, without waiting for the session to end. */
  async leave(): Promise<void> {
    this.#closed = true
    // Who leaves in the middle of a join is a member all the same, and a silent one.
    await this.settled()
    await this.#member.leaveGroup(true)
  }

  #joined(): void {
    this.#trouble = null
    this.#take(this.#current())
    this.#settle()
  }

  #failed(error: unknown): void {
    this.#settle()
    if (this.#closed) return
    this.#is(error ?? 'no heartbeat')
    const { clock, log, topic } = this.#around
    log.debug({ topic, error: String(error) }, 'kafka: the group could not be joined, it is tried again')
    clock.after(REJOIN_MS, () => this.join())
  }

  #is(trouble: unknown): void {
    this.#trouble = trouble
    this.#around.changed()
  }

  #take(partitions: readonly number[]): void {
    this.#partitions = partitions
    this.#hands.assigned(partitions)
  }

  #settle(): void {
    this.#joining?.resolve()
    this.#joining = null
  }

  #current(): number[] {
    return this.#member.assignments?.find(({ topic }) => topic === this.#around.topic)?.partitions ?? []
  }
}
