import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Broker } from '../broker/broker.ts'
import { Drain } from '../processing/drain.ts'
import type { InletDeps } from '../processing/inlet.ts'
import { type Bounds, type Passed, pass } from '../processing/pass.ts'
import { Roll } from '../processing/roll.ts'
import { Worker } from '../processing/worker.ts'
import type { Handles, Store } from '../store/store.ts'
import { Locks } from './locks.ts'
import { type Base, type Live, modeOf } from './parts.ts'

// Loaded by processes that work: what handlers need is 1 MB that ingestion alone can do without.

/** Events that ended their process so many times in a row are dead, and `Later` may put one off for so long. */
const LOST_MAX = 3
const LATER_MAX_MS = 7 * 86_400_000

/** Whoever works, and what it says of itself to the others. */
export function working(base: Base, store: Store, broker: Broker | null) {
  const locks = locksOf(base)
  const { roll, options } = crewOf(base, store, { locks, name: names.take() })
  const { clock, random } = base
  const worker = new Worker({ ...options, drainMs: base.config.processing.drainMs })
  const drain = broker && new Drain({ ...inletOf(base, store, broker.name), source: broker, clock, random })
  return { roll, worker, drain, locks }
}

/** What takes in what a broker lent. */
export function inletOf({ config, log, meter }: Base, store: Store, broker: string): InletDeps {
  const accounts = Object.keys(config.accounts)
  const rules = {
    trusted: config.broker.trusted,
    // What comes without our marks names no account of the configuration.
    account: accounts.includes('default') ? 'default' : (accounts[0] ?? 'default'),
    modeOf: modeOf(config),
    bodyBytesMax: config.ingestion.bodyBytesMax,
  }
  return { ledger: store.ledger, rules, broker, log, meter: { drained: (result) => meter.drained(broker, result) } }
}

/** Works what is ready just now, beside whatever else runs. */
export async function passOver(base: Base, { store, watch }: Live, bounds: Partial<Bounds>): Promise<Passed> {
  const { passMs, passMax } = base.config.processing
  // What is paused is not leased: nobody reads controls between two passes.
  await watch.poke()
  const locks = locksOf(base)
  const name = names.take()
  const { roll, options } = crewOf(base, store, { locks, name })
  try {
    await locks?.start()
    await roll.start()
    return await pass(options, { ms: bounds.ms ?? passMs, max: bounds.max ?? passMax })
  } finally {
    await roll.stop()
    await locks?.stop()
    names.give(name)
  }
}

/** Workers of this process, by name: no two have the same at once. A ledger keeps every name that it was ever told. */
class WorkerNames {
  readonly #process = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`
  readonly #free: string[] = []
  #made = 0

  take(): string {
    return this.#free.pop() ?? `${this.#process}:${++this.#made}`
  }

  /** Its worker has ended, and the next one may have it. */
  give(name: string): void {
    this.#free.push(name)
  }
}

const names = new WorkerNames()

const locksOf = (base: Base): Locks | null => (base.config.lock.urls.length > 0 ? new Locks(base) : null)

/** What a worker needs, and its place among the others. */
function crewOf(base: Base, store: Store, { locks, name }: { locks: Locks | null; name: string }) {
  const { config, clock, random, log, handlers, meter } = base
  const { concurrency, retry, retryBudget } = config.processing
  const policy = { retry, lostMax: LOST_MAX, laterMaxMs: LATER_MAX_MS, retryBudget }
  const { release } = config
  const roll = new Roll({ workers: store.workers, handlers, clock, log, name, release })
  const share = (handles: readonly Handles[]) => roll.share(handles)
  const options = { store, handlers, share, policy, clock, random, log, meter, name, release, concurrency }
  return { roll, options: { ...options, ...(locks && { locks }) } }
}
