import type { Clock } from '../../core/clock.ts'
import { borrowers, claim, forget, forgotten, type Group, type Loan, loans } from './group.ts'
import type { Client } from './link.ts'
import { fromEntry, type Read } from './wire.ts'

/** What was lent and comes again, with how often it was lent, this time included. */
export interface Returned extends Read {
  readonly deliveries: number
}

export interface ReturnsOptions {
  readonly own: Group
  readonly lentMs: number
  readonly clock: Clock
  /** Whether somebody here has this entry in hand. */
  readonly lent: (id: string) => boolean
  /** Whether the connections of one server tell which consumers live. */
  readonly listed: boolean
}

/** Finds loans that ran out, those of consumers that are gone, and what was lent to us over a connection that broke. */
export class Returns {
  readonly #options: ReturnsOptions
  readonly #everyMs: number
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Consumers without a connection, and since when. */
  #missing: ReadonlyMap<string, number> = new Map()
  /** Connections of ours that were looked after. */
  #made = 0

  constructor(options: ReturnsOptions) {
    this.#options = options
    this.#everyMs = Math.min(LOOK_MS, options.lentMs / 4)
  }

  /** In how many ms there is something to look for. */
  get dueMs(): number {
    return Math.max(0, this.#lookedAt + this.#everyMs - this.#options.clock.now())
  }

  /** Up to `max` that come again. `made` is how often the connection was made. */
  async take(client: Client, max: number, made: number): Promise<readonly Returned[]> {
    if (made > this.#made) {
      const strays = await this.#strays(client, max)
      if (strays.length > 0) return strays
      const { own } = this.#options
      for (const name of await forgotten(client, own, FORGOTTEN_MS)) await forget(client, own, name)
      this.#made = made
    }
    if (this.dueMs > 0) return []
    this.#lookedAt = this.#options.clock.now()
    const { own, lentMs } = this.#options
    const overdue = await loans(client, own, { max, idleMs: lentMs })
    const taken = await this.#claim(client, overdue, lentMs)
    // A full hand: there may be more of them.
    if (overdue.length === max) this.#lookedAt = Number.NEGATIVE_INFINITY
    if (taken.length > 0 || !this.#options.listed) return taken
    return this.#ofTheDead(client, max)
  }

  /** What Redis lent to us and we never saw, since the connection broke on the way. */
  async #strays(client: Client, max: number): Promise<readonly Returned[]> {
    const { own, lent } = this.#options
    const ours = await loans(client, own, { max: OWN_MAX, of: own.consumer })
    const unseen = ours.filter(({ id }) => !lent(id)).slice(0, max)
    return this.#claim(client, unseen, 0)
  }

  async #ofTheDead(client: Client, max: number): Promise<readonly Returned[]> {
    const { own, clock, lentMs } = this.#options
    const others = (await borrowers(client, own)).filter((name) => name !== own.consumer)
    if (others.length === 0) {
      this.#missing = new Map()
      return []
    }
    const living = await connected(client)
    const now = clock.now()
    const gone = others.filter((name) => !living.has(name))
    this.#missing = new Map(gone.map((name) => [name, this.#missing.get(name) ?? now]))
    // One that only lost its connection is back before that.
    const dead = gone.find((name) => now - (this.#missing.get(name) ?? now) >= Math.min(GONE_MS, lentMs))
    if (dead === undefined) return []
    const theirs = await loans(client, own, { max, of: dead })
    const taken = await this.#claim(client, theirs, 0)
    if (theirs.length < max) await forget(client, own, dead)
    return taken
  }

  async #claim(client: Client, some: readonly Loan[], idleMs: number): Promise<readonly Returned[]> {
    if (some.length === 0) return []
    const before = new Map(some.map(({ id, deliveries }) => [id, deliveries]))
    const entries = await claim(client, this.#options.own, [...before.keys()], idleMs)
    return entries.map(fromEntry).map((read) => ({ ...read, deliveries: read.before + (before.get(read.id) ?? 0) + 1 }))
  }
}

/** Loans are looked after this often, or four times in a loan's time. */
const LOOK_MS = 1_000

/** A consumer without a connection for so long is dead. A reconnect takes a second at most once Redis can be reached. */
const GONE_MS = 3_000

/** A consumer that reads shows it every second. */
const FORGOTTEN_MS = 3_600_000

/** More than one consumer can have on loan: a few batches. */
const OWN_MAX = 10_000

/** The names of all connections. One who may not ask goes without: loans run out by themselves. */
async function connected(client: Client): Promise<ReadonlySet<string>> {
  const list = String(await client.call('CLIENT', ['LIST', 'TYPE', 'normal']))
  return new Set([...list.matchAll(/ name=(\S+)/g)].map(([, name]) => name as string))
}
