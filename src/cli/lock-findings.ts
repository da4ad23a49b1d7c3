import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { HookkeeperError } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { silent } from '../core/service.ts'
import { openRedlock } from '../lock/redlock.ts'
import type { Finding } from '../store/store.ts'

/** What the nodes that give locks say of themselves. */
export async function lockFindings({ lock: { urls, whenLost } }: Config): Promise<readonly Finding[]> {
  if (urls.length === 0) return []
  try {
    const lock = await openRedlock({ urls, clock: systemClock, random: systemRandom, log: silent })
    const [away, found] = await Promise.all([lock.ready(), lock.check()])
    await lock.close()
    return [
      away === null
        ? { level: 'ok', what: `Work is locked by ${lock.name}.`, remedy: null }
        : { level: 'warn', what: away, remedy: whenLost === 'wait' ? WAITS : UNLOCKED },
      ...found.map(({ what, remedy }) => ({ level: 'warn', what, remedy }) as const),
    ]
  } catch (error) {
    if (!(error instanceof HookkeeperError)) throw error
    return [{ level: 'refuse', what: error.message, remedy: error.remedy }]
  }
}

const WAITS = 'Until they do, events are taken and none is worked (lock.whenLost is wait).'
const UNLOCKED = 'Until they do, events are worked without locks (lock.whenLost is fence-only).'
