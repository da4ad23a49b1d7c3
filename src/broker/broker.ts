/**
 * A durable, at-least-once buffer in front of the ledger. It appends, lends and acknowledges, and knows nothing of Stripe,
 * retries or dead letters: those are the ledger's. One bad message in a batch fails alone.
 */
export interface Broker {
  readonly name: string
  readonly traits: Traits
  /** What lies on this machine's disk until the broker takes it; absent where nothing ever does. */
  readonly spooled?: number
  /**
   * One answer per message, in their order. Null: it would survive a crash of this process and of the broker. An error: it
   * is not known to be kept (it may come all the same; the ledger knows a repeat). Rejects only after `close`.
   */
  append(messages: readonly Message[]): Promise<readonly (BrokerError | null)[]>
  /**
   * Lends up to `max` messages: resolves as soon as there are some, else with an empty batch after `waitMs` or when `signal`
   * aborts. Rejects with a `BrokerError` while the broker cannot be reached.
   */
  receive(want: Wanted, signal: AbortSignal): Promise<Batch>
  /** What was appended and is not acknowledged. An estimate where the broker has no better. */
  backlog(): Promise<BrokerBacklog>
  /** What is set in the broker that would break the promises, and how to mend it. Empty: nothing found. */
  check(): Promise<readonly Finding[]>
  /** Ends connections. What is lent and unacknowledged comes again, here or elsewhere. Twice is harmless. */
  close(): Promise<void>
}

export interface Traits {
  /** `append` answers null only for what survives a crash of the broker itself. */
  readonly durable: boolean
  /** Several machines may append and receive. */
  readonly shared: boolean
  /** Messages of one key are lent in the order in which they were appended, as long as none is refused or lost. */
  readonly ordered: boolean
  /** `append` and `receive` take and give at most so many at once. */
  readonly batchMax: number
  /** A request has its price, and `of` messages are worth one: for fewer it pays to wait `gatherMs` for others. Absent where it does not. */
  readonly requests?: { readonly of: number; readonly gatherMs: number }
  /** The largest body, in bytes as it is handed over. A larger one is answered with `too-large`, by itself. */
  readonly bodyBytesMax: number
}

export interface Message {
  /** The event's id: what a broker that drops duplicates may go by. Up to 255 characters. */
  readonly id: string
  /** The lane: what a broker that orders may go by. */
  readonly key: string
  readonly body: Uint8Array
  /** A few short ASCII texts that travel beside the body. */
  readonly attributes: Readonly<Record<string, string>>
}

/** A message on loan. `id` and `key` are empty where whoever wrote it did not say them (a foreign sender). */
export interface Lent extends Message {
  /** How often it was lent, this time included, as far as the broker knows; else 1. */
  readonly deliveries: number
}

/** What one `receive` lent. Unacknowledged messages come again after the loan's time, or at once when its holder is gone. */
export interface Batch {
  readonly messages: readonly Lent[]
  /**
   * These, or all of them, need not come again. Resolves when the broker has heard; a message whose loan ran out meanwhile may
   * come again all the same. Those already acknowledged or refused are left out.
   */
  ack(some?: readonly Lent[]): Promise<void>
  /** This one was not taken: it comes again, soon and not before others that wait. `why` goes to the log. */
  refuse(message: Lent, why: string): Promise<void>
}

export interface Wanted {
  readonly max: number
  readonly waitMs: number
}

export interface BrokerBacklog {
  readonly waiting: number
  /** Age of the oldest that waits, in ms by the broker's clock; 0 when nothing does or the broker cannot say. */
  readonly oldestMs: number
}

/** One sentence about a setting, and its remedy. `wrong`: messages can be lost; `--require-durable` refuses to start. */
export interface Finding {
  readonly level: 'wrong' | 'worth'
  readonly what: string
  readonly remedy: string
}

export type BrokerErrorKind = 'unreachable' | 'not-durable' | 'too-large' | 'refused' | 'closed'

/** Why a broker did not do it. The message names broker and place, never a password nor a value from a body. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly kind: BrokerErrorKind

  constructor(kind: BrokerErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
  }
}
