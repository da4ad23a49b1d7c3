import type { Broker } from '../broker/broker.ts'
import { sealed } from '../broker/sealed.ts'
import { environment } from '../config.ts'
import type { BrokerFace } from '../console/route.ts'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import { type CommitLimits, commitDefaults } from '../ingestion/commit.ts'
import { openBroker } from '../presets/broker.ts'
import { openVault } from '../presets/vault.ts'
import type { Vault } from '../privacy/vault.ts'
import { codeOf } from '../processing/inlet.ts'
import type { Store } from '../store/store.ts'
import type { Base } from './parts.ts'

/** A broker that is away is looked at later, by whoever asks: a start does not wait for it. */
const CHECK_MS = 5_000

/** What stands between Stripe and the ledger. */
export interface Front {
  /** Null where events go straight into the ledger. */
  readonly broker: Broker | null
  /** Null where bodies lie in the broker as Stripe sent them. */
  readonly vault: Vault | null
}

interface Behind {
  readonly store: Pick<Store, 'edgeKeys'>
  /** A function that is woken for one request: it does not look at its broker, and nobody keeps keys for it. */
  readonly bare: boolean
}

/**
 * The broker in front of the ledger, with its bodies sealed where there is a vault. What is wrong with its settings is said in the
 * log; where `requireDurable` is set, what could lose messages throws `broker_unfit`.
 */
export async function frontOf(base: Base, { store, bare }: Behind): Promise<Front> {
  const broker = await brokerOf(base)
  try {
    if (broker && (!bare || base.config.broker.requireDurable)) await vet(broker, base)
    const vault = await vaultOf(base, { store, broker })
    if (bare) await vault?.keep()
    return { broker: broker && sealed(broker, vault), vault }
  } catch (error) {
    await broker?.close()
    throw error
  }
}

async function brokerOf(base: Base): Promise<Broker | null> {
  const { url, spool, lentMs } = base.config.broker
  const { cwd, ephemeral } = base.config
  const { clock, random, log } = base
  if (base.openBroker) return base.openBroker()
  return url === null ? null : openBroker(url, { cwd, ephemeral, spool, lentMs, clock, random, log })
}

function vaultOf({ config, clock, log }: Base, { store, broker }: Pick<Behind, 'store'> & { broker: Broker | null }) {
  const { vault: place, vaultDays, cwd } = config
  if (place === null) return null
  const { edgeKeys } = store
  const oldestMs = async () => (broker ? (await broker.backlog()).oldestMs : 0)
  return openVault(place, { cwd, env: environment(), edgeKeys, vaultDays, clock, log, oldestMs })
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
export const commitsTo = ({ traits }: Pick<Broker, 'traits'>): Partial<CommitLimits> => ({
  batchMax: Math.min(commitDefaults.batchMax, traits.batchMax),
  admitsMax: APPENDS_MAX,
  ...(traits.requests && { gatherMs: traits.requests.gatherMs, gatheredEnough: traits.requests.of }),
})

const APPENDS_MAX = 4

/** What those who look at a process are told of its broker. Nothing here waits for long, and unknown is not zero. */
export function faceOf(broker: Broker, { clock }: Pick<Base, 'clock'>): BrokerFace {
  const asked = <V>(work: Promise<V>) => inTime(work, ASKED_MS, clock).catch(() => null)
  return {
    name: broker.name,
    measure: async () => ({ backlog: await asked(broker.backlog()), spooled: broker.spooled ?? null }),
    check: () => asked(broker.check()),
  }
}

const ASKED_MS = 2_000

function inTime<V>(work: Promise<V>, ms: number, clock: Clock): Promise<V> {
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(new Error(`no answer in ${ms} ms`)))
  })
  return Promise.race([work, late]).finally(() => cancel())
}
