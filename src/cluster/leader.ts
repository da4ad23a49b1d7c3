import { LockUnavailable } from '../lock/lock.ts'
import type { Lead } from '../store/store.ts'
import type { Locks } from './locks.ts'
import type { Base } from './parts.ts'

/** It is renewed while the leader is at it, so it needs to outlast no more than a pause of the process. */
const LEADER_MS = 30_000

/**
 * Who does what one process does for all of them. With `LOCK_URLS` it holds a lock there meanwhile, so only those lead that have
 * locks, who work; the ledger's own lock, and its fence, stay inside of that.
 */
export const leadBy =
  ({ config, log }: Pick<Base, 'config' | 'log'>, locks: () => Pick<Locks, 'hold' | 'whenLost'> | null): Lead =>
  async (name, work) => {
    if (config.lock.urls.length === 0) return work(never)
    const held = locks()
    if (!held) return
    let begun = false
    const begin = (signal: AbortSignal) => {
      begun = true
      return work(signal)
    }
    try {
      await held.hold(`leader:${name}`, LEADER_MS, begin)
    } catch (error) {
      if (begun || !(error instanceof LockUnavailable)) throw error
      if (held.whenLost === 'fence-only') return work(never)
      log.warn({ name }, `nobody leads while locks cannot be had: ${error.message}`)
    }
  }

const never = new AbortController().signal
