import type { Service } from '../core/service.ts'
import { type Lock, LockUnavailable } from '../lock/lock.ts'
import { openRedlock } from '../lock/redlock.ts'
import type { LaneLocks } from '../processing/lane-lock.ts'
import type { Base } from './parts.ts'

/** The locks of `LOCK_URLS`: opened before anybody works, closed after the last has ended. */
export class Locks implements Service, LaneLocks {
  readonly whenLost: 'wait' | 'fence-only'
  readonly #base: Base
  #lock: Promise<Lock> | null = null

  constructor(base: Base) {
    this.#base = base
    this.whenLost = base.config.lock.whenLost
  }

  async start(): Promise<void> {
    const { config, clock, random, log } = this.#base
    this.#lock ??= openRedlock({ urls: config.lock.urls, clock, random, log })
    const lock = await this.#lock
    for (const { level, what, remedy } of await lock.check()) {
      if (level === 'wrong') log.error({}, `${what} ${remedy}`)
      else log.warn({}, `${what} ${remedy}`)
    }
  }

  async stop(): Promise<void> {
    const lock = await this.#lock?.catch(() => null)
    this.#lock = null
    await lock?.close()
  }

  async hold<V>(...asked: Parameters<Lock['hold']>): Promise<V> {
    const lock = await this.#lock
    if (!lock) throw new LockUnavailable('Locks are not open.')
    return lock.hold(...asked) as Promise<V>
  }

  /** Why nothing can be worked; null where something can, with or without locks. */
  async why(): Promise<string | null> {
    if (this.whenLost === 'fence-only') return null
    return (await (await this.#lock)?.ready()) ?? null
  }
}
