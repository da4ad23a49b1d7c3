import type { Redis, RedisOptions } from 'ioredis'
import type { Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import type { Logger } from '../../core/service.ts'
import type { Place } from './urls.ts'

/** One Redis that has a vote, and the connection to it, which comes back by itself. */
export interface Node {
  readonly at: string
  readonly client: Redis
}

export interface NodeOptions {
  /** A node that has not answered by then has not voted. */
  readonly nodeMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export async function openNodes(places: readonly Place[], options: NodeOptions): Promise<readonly Node[]> {
  const Redis = await loadIoredis()
  return places.map(({ url, at }) => {
    const client = new Redis(url, settingsOf(options))
    watch(client, at, options.log)
    return { at, client }
  })
}

/** Resolves when `enough` of them are connected, or after `patienceMs`. */
export function connected(nodes: readonly Node[], enough: number, { clock, patienceMs }: Patience): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(patienceMs, resolve)
    const look = () => {
      if (nodes.filter(({ client }) => client.status === 'ready').length < enough) return
      cancel()
      resolve()
    }
    for (const { client } of nodes) client.once('ready', look)
    look()
  })
}

interface Patience {
  readonly clock: Clock
  readonly patienceMs: number
}

function settingsOf({ nodeMs, random }: NodeOptions): RedisOptions {
  return {
    connectionName: 'hookkeeper:lock',
    protocol: 2,
    commandTimeout: nodeMs,
    // One that is silent for longer is connected to anew, so that nothing piles up before it.
    socketTimeout: nodeMs * 2,
    connectTimeout: nodeMs * 2,
    // A vote that comes late is none: nothing waits for a connection, and nothing is sent twice.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(50 * times, 1_000) * (0.5 + random() / 2),
  }
}

/** Without a listener the client would print every error; the first of an outage, and its end, say enough. */
function watch(client: Redis, at: string, log: Logger): void {
  let away = false
  client.on('error', (error: NodeJS.ErrnoException) => {
    if (!away) log.warn({ node: at, code: error.code ?? error.name }, 'a node that gives locks cannot be reached')
    away = true
  })
  client.on('ready', () => {
    if (away) log.info({ node: at }, 'a node that gives locks is back')
    away = false
  })
}

/** The package is loaded here alone, when somebody wants locks. */
async function loadIoredis(): Promise<typeof Redis> {
  try {
    return (await import('ioredis')).Redis
  } catch (error) {
    throw failure('peer_missing', { feature: 'A lock in Redis', name: 'ioredis' }, { cause: error })
  }
}
