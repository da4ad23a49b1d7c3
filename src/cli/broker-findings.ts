import type { Finding as Found } from '../broker/broker.ts'
import type { Config } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { HookkeeperError } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { silent } from '../core/service.ts'
import { brokerName, openBroker } from '../presets/broker.ts'
import type { Finding } from '../store/store.ts'

/** What the broker is set to, as far as it says so itself. Nothing where there is none. */
export async function brokerFindings({ broker, cwd, ephemeral }: Config, running: boolean): Promise<Finding[]> {
  const { url, spool, requireDurable, lentMs } = broker
  if (url === null) return []
  if (spool !== null && ephemeral) return [refuse(new HookkeeperError('spool_ephemeral', { platform: ephemeral }))]
  // A spool belongs to the process that runs.
  if (running && url.startsWith('spool:')) return [fine(url)]
  try {
    const opened = await openBroker(url, {
      cwd,
      ephemeral,
      lentMs,
      clock: systemClock,
      random: systemRandom,
      log: silent,
    })
    try {
      const found = await opened.check()
      return found.length > 0 ? found.map((one) => told(one, requireDurable)) : [fine(url)]
    } finally {
      await opened.close()
    }
  } catch (error) {
    if (error instanceof HookkeeperError) return [refuse(error)]
    return [
      {
        level: 'warn',
        what: `The broker could not be looked at: ${(error as Error).message}.`,
        remedy: 'Is it running, and is BROKER_URL right?',
      },
    ]
  }
}

const fine = (url: string): Finding => ({ level: 'ok', what: `The broker is ${brokerName(url)}.`, remedy: null })

const refuse = ({ message, remedy }: HookkeeperError): Finding => ({ level: 'refuse', what: message, remedy })

const told = ({ level, what, remedy }: Found, requireDurable: boolean): Finding => ({
  level: level === 'wrong' && requireDurable ? 'refuse' : 'warn',
  what,
  remedy,
})
