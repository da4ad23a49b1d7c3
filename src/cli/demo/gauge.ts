import type { BrokerFace } from '../../console/route.ts'

/** How a broker is, as far as it is known. */
export interface Reading {
  readonly name: string
  /** Null: it does not answer. */
  readonly waiting: number | null
  readonly oldestMs: number
  /** On this machine's disk, until the broker is back; null without a spool. */
  readonly spooled: number | null
}

/** Asks a broker how much waits in it, one question at a time: one that is away takes seconds not to answer. */
export class Gauge {
  readonly #face: BrokerFace
  #last: Reading | null = null
  #asking = false

  constructor(face: BrokerFace) {
    this.#face = face
  }

  /** What the last answer said, and a new question. Null before the first answer. */
  read(): Reading | null {
    if (!this.#asking) void this.ask()
    return this.#last
  }

  async ask(): Promise<Reading> {
    this.#asking = true
    const { backlog, spooled } = await this.#face.measure()
    this.#asking = false
    const { name } = this.#face
    this.#last = { name, waiting: backlog?.waiting ?? null, oldestMs: backlog?.oldestMs ?? 0, spooled }
    return this.#last
  }
}
