import type { Clock } from '../core/clock.ts'
import { between, type Random } from '../core/random.ts'
import type { Logger } from '../core/service.ts'
import { type Busy, busy, type Lock, type LockFinding, LockUnavailable } from './lock.ts'
import { findings } from './redlock/findings.ts'
import { elapsed, Holding } from './redlock/holding.ts'
import { connected, type Node, openNodes } from './redlock/node.ts'
import { readPlaces } from './redlock/urls.ts'
import { type Handle, Votes } from './redlock/votes.ts'

export interface RedlockOptions {
  /** One Redis for a plain lock, or three and more, strangers to each other, for a quorum. */
  readonly urls: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** A node that has not answered by then has not voted. Much less than a lock lasts. */
  readonly nodeMs?: number
  /** What part of a lock's time the clocks of the nodes may run apart. */
  readonly driftFactor?: number
}

/**
 * Locks by a quorum of Redis nodes (the Redlock algorithm): a lock is held when more than half of them have it. So one of three may be
 * gone, or forget. Resolves when a quorum is connected, or after two seconds without one.
 * @throws {HookkeeperError} `lock_urls`, `peer_missing`
 */
export async function openRedlock(options: RedlockOptions): Promise<Lock> {
  const { urls, clock, nodeMs = NODE_MS, driftFactor = DRIFT_FACTOR } = options
  const { nodes: places, db } = readPlaces(urls)
  const nodes = await openNodes(places, { ...options, nodeMs })
  const votes = await Votes.over(nodes, { db, driftFactor })
  // A lock that is taken before all are there is held by fewer, so those that come soon are waited for.
  await connected(nodes, nodes.length, { clock, patienceMs: nodeMs })
  await connected(nodes, votes.quorum, { clock, patienceMs: CONNECT_MS })
  return new Redlock(options, nodes, votes)
}

class Redlock implements Lock {
  readonly name: string
  readonly #options: RedlockOptions
  readonly #nodes: readonly Node[]
  readonly #votes: Votes
  readonly #holdings = new Set<Holding>()
  #closed = false

  constructor(options: RedlockOptions, nodes: readonly Node[], votes: Votes) {
    this.name = nodes.length === 1 ? `redis ${nodes[0]?.at}` : `redlock over ${nodes.map(({ at }) => at).join(', ')}`
    this.#options = options
    this.#nodes = nodes
    this.#votes = votes
  }

  async hold<V>(
    name: string,
    ttlMs: number,
    work: (signal: AbortSignal) => Promise<V>,
    signal?: AbortSignal,
  ): Promise<V | Busy> {
    const holding = await this.#take(`${KEY}${name}`, Math.floor(ttlMs), signal)
    if (holding === busy) return busy
    this.#holdings.add(holding)
    try {
      return await work(signal ? AbortSignal.any([holding.lost, signal]) : holding.lost)
    } finally {
      await holding.end()
      this.#holdings.delete(holding)
    }
  }

  async ready(): Promise<string | null> {
    const answers = await Promise.allSettled(this.#nodes.map(({ client }) => client.ping()))
    const silent = this.#nodes.filter((_, n) => answers[n]?.status === 'rejected').map(({ at }) => at)
    const voting = this.#nodes.length - silent.length
    if (voting >= this.#votes.quorum) return null
    return `${this.#missing(voting)} Without an answer: ${silent.join(', ')}.`
  }

  check(): Promise<readonly LockFinding[]> {
    return findings(this.#nodes)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const holding of this.#holdings) holding.lose('locks were closed')
    for (const { client } of this.#nodes) client.disconnect()
  }

  async #take(key: string, ttlMs: number, signal: AbortSignal | undefined): Promise<Holding | Busy> {
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted()
      if (this.#closed) throw new LockUnavailable(`${this.name} is closed.`)
      const askedAt = elapsed()
      const answer = await this.#votes.acquire(key, ttlMs)
      if (answer === 'silent') throw new LockUnavailable(this.#missing(0))
      if (typeof answer !== 'string') return this.#begun(answer, { ttlMs, askedAt })
      if (answer === 'refused' || tries === SPLIT_TRIES) return busy
      // Several asked at once and nobody has it: who waits for a shorter time gets it.
      await this.#pause(between(this.#options.random, 1, SPLIT_MS * tries))
    }
  }

  /** Its time began when it was asked for. */
  async #begun(handle: Handle, { ttlMs, askedAt }: { ttlMs: number; askedAt: number }): Promise<Holding> {
    if (elapsed() < askedAt + this.#votes.countsMs(ttlMs))
      return new Holding({ votes: this.#votes, handle, ttlMs, askedAt, clock: this.#options.clock })
    await this.#votes.release(handle)
    throw new LockUnavailable(`${this.name} took longer to give a lock than it would have lasted.`)
  }

  #missing(voting: number): string {
    const some = voting === 0 ? 'Too few' : `Only ${voting}`
    return `${some} of the ${this.#nodes.length} Redis nodes that give locks answer; ${this.#votes.quorum} have to.`
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve))
  }
}

const KEY = 'hookkeeper:lock:'

const NODE_MS = 500
const DRIFT_FACTOR = 0.01

const CONNECT_MS = 2_000

/** Of five who ask at once, one has it after two or three rounds. */
const SPLIT_TRIES = 4
const SPLIT_MS = 20
