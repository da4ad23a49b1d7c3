import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Cluster, createCluster } from '../cluster.ts'
import type { Config } from '../config.ts'
import type { BrokerFace } from '../console/route.ts'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import type { Logger } from '../core/service.ts'
import type { Store } from '../store/store.ts'

/** A cluster that runs, and what the verbs need of it. */
export interface Started {
  /** Where Stripe posts, without a path; null without the role. */
  readonly public: string | null
  readonly private: string
  readonly handlers: readonly string[]
  readonly store: Store
  /** Null where events go straight into the ledger. */
  readonly broker: BrokerFace | null
  reload(config: Config): Promise<void>
  stop(): Promise<void>
}

export type Register = (cluster: Cluster) => unknown

/** The one place where the CLI makes a cluster. */
export async function start(
  config: Config,
  { log, clock, register }: { log: Logger; clock: Clock; register?: Register },
): Promise<Started> {
  const cluster = createCluster({ config, logger: log, clock })
  await (register ?? (await registerOf(config)))?.(cluster)
  await cluster.start()
  return {
    public: cluster.publicAddress(),
    private: cluster.privateAddress() ?? '',
    handlers: cluster.handlers,
    store: cluster.store,
    broker: cluster.front,
    reload: (changed) => cluster.reload(changed),
    stop: () => cluster.stop(),
  }
}

/** What the handlers' module exports by default. */
export async function registerOf({ handlers, roles }: Config): Promise<Register | null> {
  if (handlers === null || !roles.includes('processing')) return null
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(handlers).href)
  } catch (error) {
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw failure('config_unreadable', { file: handlers, what }, { cause: error })
  }
  if (typeof module.default === 'function') return module.default as Register
  const what = `${basename(handlers)} has to export a function by default, which registers handlers: (cluster) => { cluster.on(...) }`
  throw failure('config_unreadable', { file: handlers, what })
}
