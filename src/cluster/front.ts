import type { Broker } from '../broker/broker.ts'
import type { BrokerFace } from '../console/route.ts'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import { type CommitLimits, commitDefaults } from '../ingestion/commit.ts'
import { openBroker } from '../presets/broker.ts'
import { codeOf } from '../processing/inlet.ts'
import type { Base } from './parts.ts'

/** A broker that is away is looked at later, by whoever asks: a start does not wait for it. */
const CHECK_MS = 5_000

/**
 * The broker in front of the ledger, or null. What is wrong with its settings is said in the log; where `requireDurable` is set, what
 * could lose messages throws `broker_unfit`. A function that is woken for one request does not look.
 */
export async function frontOf(base: Base, { bare }: { bare: boolean }): Promise<Broker | null> {
  const { url, requireDurable, spool, lentMs } = base.config.broker
  const { cwd, ephemeral } = base.config
  const { clock, random, log } = base
  if (base.openBroker === null && url === null) return null
  const broker = await (base.openBroker?.() ??
    openBroker(url ?? '', { cwd, ephemeral, spool, lentMs, clock, random, log }))
  try {
    if (!bare || requireDurable) await vet(broker, base)
    return broker
  } catch (error) {
    await broker.close()
    throw error
  }
}

async function vet(broker: Broker, { config, log, clock }: Base): Promise<void> {
  const found = await inTime(broker.check(), CHECK_MS, clock).catch((error) => {
    log.warn({ broker: broker.name, code: codeOf(error) }, 'the broker could not be looked at')
    return null
  })
  for (const { level, what, remedy } of found ?? [])
    log.warn({ broker: broker.name, finding: level }, `${what} ${remedy}`)
  const wrong = found?.find(({ level }) => level === 'wrong')
  if (wrong && config.broker.requireDurable) throw failure('broker_unfit', { what: wrong.what, remedy: wrong.remedy })
}

/** How a group commit hands over to a broker: what it takes at once, and a few at a time, since each is a round trip. */
export const commitsTo = ({ traits }: Broker): Partial<CommitLimits> => ({
  batchMax: Math.min(commitDefaults.batchMax, traits.batchMax),
  admitsMax: APPENDS_MAX,
})

const APPENDS_MAX = 4

/** What those who look at a process are told of its broker. Nothing here waits for long, and unknown is not zero. */
export function faceOf(broker: Broker, { clock }: Pick<Base, 'clock'>): BrokerFace {
  const asked = <V>(work: Promise<V>) => inTime(work, ASKED_MS, clock).catch(() => null)
  return {
    name: broker.name,
    measure: async () => ({ backlog: await asked(broker.backlog()), spooled: spooledBy(broker) }),
    check: () => asked(broker.check()),
  }
}

const ASKED_MS = 2_000

const spooledBy = (broker: Broker): number | null =>
  'spooled' in broker && typeof broker.spooled === 'number' ? broker.spooled : null

function inTime<V>(work: Promise<V>, ms: number, clock: Clock): Promise<V> {
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(new Error(`no answer in ${ms} ms`)))
  })
  return Promise.race([work, late]).finally(() => cancel())
}
