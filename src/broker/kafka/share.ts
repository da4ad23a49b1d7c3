import type { Message } from '../broker.ts'

/** One message that was read and is not acknowledged. */
export interface Held {
  readonly share: Share
  readonly offset: bigint
  readonly message: Message
  /** When it was appended, by its writer's clock. */
  readonly at: number
  /** How often it was lent. */
  lends: number
  state: 'ready' | 'lent' | 'refused' | 'done'
}

/**
 * A partition while it is this process's. Kafka remembers one number for it, up to which everything is done: since messages are
 * acknowledged out of order that is the lowest which is not, and what was done beyond it is known only here.
 */
export class Share {
  readonly partition: number
  /** What is read next. */
  next: bigint
  /** What Kafka has heard. */
  committed: bigint
  /** Another has it by now: what becomes of its messages here is of no account. */
  lost = false
  readonly #held = new Map<bigint, Held>()

  constructor(partition: number, from: bigint) {
    this.partition = partition
    this.next = from
    this.committed = from
  }

  /** Below it everything is done. */
  get mark(): bigint {
    const [lowest] = this.#held.keys()
    return lowest ?? this.next
  }

  /** Of the lowest that is not done. */
  get oldestAt(): number | null {
    const [lowest] = this.#held.values()
    return lowest?.at ?? null
  }

  /** So far it was read ahead of what Kafka would begin with after a crash. */
  get ahead(): number {
    return Number(this.next - this.mark)
  }

  get held(): Iterable<Held> {
    return this.#held.values()
  }

  /** Offsets rise: the first one held is the lowest. */
  hold(held: Held): void {
    this.#held.set(held.offset, held)
  }

  drop({ offset }: Held): void {
    this.#held.delete(offset)
  }
}
