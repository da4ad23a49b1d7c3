import type { Cluster } from '../cluster.ts'
import { ledgerName } from '../presets/database.ts'

/** By name and not by identity: a bundler may have made several copies of this module in one process. */
const CLUSTERS = Symbol.for('hookkeeper.clusters')

/**
 * One cluster per process and ledger, however often a module is evaluated: where code is reloaded while it runs, or
 * bundled more than once, as by Next. The first call's cluster lives on and is what every call gives; each later call
 * only replaces its handlers and secrets by those that `make` gives its own. Register handlers inside of `make`.
 */
export function globalCluster(make: () => Cluster): Cluster {
  const kept = ((globalThis as Global)[CLUSTERS] ??= new Map())
  const made = make()
  const ledger = ledgerName(made.base.config.databaseUrl, made.base.config.cwd)
  const first = kept.get(ledger)
  if (first === undefined) kept.set(ledger, made)
  else if (first !== made) first.become(made)
  return first ?? made
}

type Global = typeof globalThis & { [CLUSTERS]?: Map<string, Cluster> }
