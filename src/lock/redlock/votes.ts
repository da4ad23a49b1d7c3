import type { ExecutionError, ExecutionStats, Lock, Redlock } from '@sesamecare-oss/redlock'
import { failure } from '../../core/errors.ts'
import type { Node } from './node.ts'

export type Handle = Lock

/** How the nodes voted. `refused`: a quorum says no; `split`: neither yes nor no has a quorum; `silent`: too few voted at all. */
export type Verdict = 'refused' | 'split' | 'silent'

type Vote = 'yes' | 'no' | 'silent'

/** A vote that failed. */
interface Ballot {
  readonly verdict: Verdict
  readonly votes: readonly Vote[]
}

export interface VotesOptions {
  readonly db: number
  /** What part of a lock's time the clocks of the nodes may run apart. */
  readonly driftFactor: number
}

/** The package, asked once at a time: what it is to do when a vote fails is decided here. */
export class Votes {
  readonly #redlock: Redlock
  readonly #nodes: readonly Node[]
  readonly #db: number
  readonly #driftFactor: number
  readonly quorum: number

  private constructor(redlock: Redlock, nodes: readonly Node[], { db, driftFactor }: VotesOptions) {
    this.#redlock = redlock
    this.#nodes = nodes
    this.#db = db
    this.#driftFactor = driftFactor
    this.quorum = quorumOf(nodes.length)
  }

  static async over(nodes: readonly Node[], options: VotesOptions): Promise<Votes> {
    const { db, driftFactor } = options
    const { Redlock } = await loadRedlock()
    const clients = nodes.map(({ client }) => client)
    const voters = clients.length % 2 === 0 ? [...clients, NO_SAYER as unknown as (typeof clients)[0]] : clients
    return new Votes(new Redlock(voters, { db, driftFactor, retryCount: 0 }), nodes, options)
  }

  /** The lock, or how it was not given; what single nodes gave is taken back by then. */
  async acquire(key: string, ttlMs: number): Promise<Handle | Verdict> {
    const answer = await this.#asked(this.#redlock.acquire([key], ttlMs))
    return 'verdict' in answer ? answer.verdict : answer
  }

  /**
   * Also gives the lock to nodes that were away when it was taken, or have forgotten it: else each of them that comes back would leave
   * it with fewer than it began with. Those where it is somebody else's keep that.
   */
  async extend(handle: Handle, ttlMs: number): Promise<Handle | Verdict> {
    const answer = await this.#asked(this.#redlock.extend(handle, ttlMs))
    const { verdict, votes } = 'verdict' in answer ? answer : this.#ballot(await answer.attempts.at(-1))
    if ('verdict' in answer && verdict !== 'split') return verdict
    const without = this.#nodes.filter((_, n) => votes[n] === 'no')
    const given = await Promise.all(without.map((node) => this.#give(node, handle, ttlMs)))
    if (!('verdict' in answer)) return answer
    const have = [...votes.filter((vote) => vote === 'yes'), ...given.filter((one) => one)]
    return have.length >= this.quorum ? handle : verdict
  }

  /** Where it does not arrive, the lock runs out by itself. */
  async release(handle: Handle): Promise<void> {
    await this.#redlock.release(handle).catch(() => {})
  }

  /** For how long a lock counts that was asked for with `ttlMs`: clocks run apart, and Redis rounds to milliseconds. */
  countsMs(ttlMs: number): number {
    return ttlMs - Math.round(ttlMs * this.#driftFactor) - 2
  }

  async #asked(asked: Promise<Handle>): Promise<Handle | Ballot> {
    try {
      const handle = await asked
      // Its own idea of time is the wall clock's, which may be set; ours is a clock that only goes forward.
      handle.expiration = Number.POSITIVE_INFINITY
      return handle
    } catch (error) {
      if (!isExecutionError(error)) throw error
      return this.#ballot(await error.attempts.at(-1))
    }
  }

  /** Resolves when every node has voted or was given up. */
  #ballot(stats: ExecutionStats | undefined): Ballot {
    const votes = this.#nodes.map(({ client }) => {
      if (stats?.votesFor.has(client)) return 'yes'
      return stats?.votesAgainst.get(client)?.name === 'ResourceLockedError' ? 'no' : 'silent'
    })
    const count = (vote: Vote) => votes.filter((one) => one === vote).length
    if (votes.length - count('silent') < this.quorum) return { verdict: 'silent', votes }
    return { verdict: count('no') >= this.quorum ? 'refused' : 'split', votes }
  }

  async #give({ client }: Node, { resources, value }: Handle, ttlMs: number): Promise<boolean> {
    const given = (client as Voter).acquireLock(resources.length, ...resources, this.#db, value, ttlMs)
    return (await given.catch(() => 0)) === resources.length
  }
}

/** What the package adds to a client. */
type Voter = Node['client'] & { acquireLock(keys: number, ...words: (string | number)[]): Promise<unknown> }

export const quorumOf = (nodes: number): number => Math.floor(nodes / 2) + 1

/**
 * The package waits for ever when as many vote for as against, which an even number of nodes can. One more voter, who always says
 * no, makes a tie a no, and leaves what a quorum is as it was.
 */
const no = async () => 0
const NO_SAYER = { acquireLock: no, extendLock: no, releaseLock: no }

const isExecutionError = (error: unknown): error is ExecutionError =>
  error instanceof Error && error.name === 'ExecutionError'

/** The package is loaded here alone, when somebody wants locks. */
async function loadRedlock(): Promise<typeof import('@sesamecare-oss/redlock')> {
  try {
    return await import('@sesamecare-oss/redlock')
  } catch (error) {
    throw failure('peer_missing', { feature: 'A lock in Redis', name: '@sesamecare-oss/redlock' }, { cause: error })
  }
}
