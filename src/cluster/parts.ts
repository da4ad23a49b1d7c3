import { randomBytes, randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import type { ActionHands } from '../actions/action.ts'
import type { Broker } from '../broker/broker.ts'
import { type Config, endpoints, type Role } from '../config.ts'
import type { Api, ApiEnv } from '../console/api.ts'
import { createPrivateListener, type PrivateListener } from '../console/listener.ts'
import type { Readiness } from '../console/route.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Logger, Service } from '../core/service.ts'
import { Admission, freeBytesOf } from '../ingestion/admission.ts'
import { createPublicListener, type PublicListener } from '../ingestion/http.ts'
import { createIntake, type Intake } from '../ingestion/intake.ts'
import { ledgerFile } from '../presets/database.ts'
import { keeper } from '../privacy/keeper.ts'
import type { Vault } from '../privacy/vault.ts'
import { ControlWatch } from '../processing/controls.ts'
import type { Drain } from '../processing/drain.ts'
import type { Handlers } from '../processing/handlers.ts'
import type { Worker } from '../processing/worker.ts'
import type { Store } from '../store/store.ts'
import type { EndpointSecret } from '../stripe/signature.ts'
import type { Meter } from '../telemetry/meter.ts'
import type { working } from './crew.ts'
import { commitsTo, faceOf } from './front.ts'
import type { Locks } from './locks.ts'
import { type Announcement, announcement, runFile } from './running.ts'
import { version } from './version.ts'

/** What lives as long as the cluster itself. */
export interface Base {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
  readonly handlers: Handlers
  readonly meter: Meter
  /** Instead of the broker that the configuration names; null: that one. */
  readonly openBroker: (() => Promise<Broker>) | null
}

/** What lives between start and stop. */
export interface Live {
  readonly store: Store
  /** Why the ledger has not been there since the start; null: it has. */
  readonly away: () => string | null
  /** In front of the ledger; null where events go straight into it. */
  readonly broker: Broker | null
  readonly drain: Drain | null
  /** Seals and opens the bodies in the broker; null where none are sealed. */
  readonly vault: Vault | null
  readonly intake: Intake
  readonly admission: Admission
  readonly watch: ControlWatch
  readonly worker: Worker | null
  /** Around what it works; null where none are configured. */
  readonly locks: Locks | null
  readonly listener: PublicListener | null
  readonly console: PrivateListener
  /** Where other verbs find it; null where the ledger is no file. */
  readonly announced: Announcement | null
  readonly bare: boolean
  /** In the order of the start; stopped the other way round. */
  readonly services: readonly Service[]
}

interface Needs {
  readonly store: Store
  readonly away: () => string | null
  readonly broker: Broker | null
  readonly vault: Vault | null
  readonly roles: readonly Role[]
  readonly secrets: () => readonly EndpointSecret[]
  /** As it was last read: its secrets change while the process lives. */
  readonly config: () => Config
  readonly ready: () => Promise<Readiness>
  /** No roles, no listeners, nothing that runs by itself: what serverless functions open. */
  readonly bare: boolean
  /** Makes those who work; null where nobody does. */
  readonly working: typeof working | null
}

export function parts(base: Base, needs: Needs): Live {
  const { store, away, broker, vault, roles, secrets, ready, bare, working } = needs
  const { config, clock, log, handlers, meter } = base
  const watch = new ControlWatch({ store, clock, log })
  const admission = admissionOf(base)
  const intake = createIntake({
    ledger: store.ledger,
    broker,
    limits: broker ? commitsTo(broker) : { gatherMs: store.ledger.gatherMs ?? 0 },
    admission,
    meter,
    clock,
    log,
    endpoints: secrets,
    modeOf: modeOf(config),
    toleranceMs: config.ingestion.toleranceS * 1000,
  })
  // Before anything is made that would have to be closed: it may refuse.
  handlers.wire({
    clock,
    random: base.random,
    secret: () => secrets()[0]?.secret ?? null,
    rerouted: (name) => watch.rerouted(name),
  })
  const crew = working?.(base, store, broker) ?? null
  const listener = roles.includes('ingestion') ? listenerOf(base, intake) : null
  const hands = { ...handsOf(base, store, watch), meter }
  const app = lazily(async () => {
    const { apiOf } = await import('./api.ts')
    return apiOf({ store, broker: broker && faceOf(broker, base), clock, log, roles, ready, hands }, meter)
  })
  const console = createPrivateListener({ app, ...config.console, log })
  const announced = announcementOf(base, { roles, console, listener, config: needs.config })
  const services = [
    admission,
    ...(vault ? [keeper(vault, { clock, log })] : []),
    ...(crew?.locks ? [crew.locks] : []),
    ...(crew ? [watch, crew.roll, crew.worker] : []),
    ...(crew?.drain ? [crew.drain] : []),
    console,
    ...(listener ? [listener] : []),
    ...(announced ? [announced] : []),
  ]
  const { worker = null, drain = null, locks = null } = crew ?? {}
  const live = {
    store,
    away,
    broker,
    vault,
    intake,
    admission,
    watch,
    worker,
    drain,
    locks,
    listener,
    console,
    announced,
  }
  return { ...live, bare, services: bare ? [admission] : services }
}

/** The API and what it is made of cost 10 MB: they are loaded when somebody first asks. */
function lazily(make: () => Promise<Api>) {
  let made: Promise<Api> | null = null
  return {
    async fetch(request: Request, env: ApiEnv): Promise<Response> {
      made ??= make()
      return (await made).fetch(request, env)
    },
  }
}

/** First the doors, then the work, then the broker, then the ledger. */
export async function end(live: Live): Promise<void> {
  // With the doors closed and the ledger's server away nothing else would keep the process until the bounded waits are over.
  const alive = setInterval(() => {}, ALIVE_MS)
  try {
    for (const service of [...live.services].reverse()) await service.stop()
    await live.intake.idle()
    await live.broker?.close()
    await live.store.close()
  } finally {
    clearInterval(alive)
  }
}

const ALIVE_MS = 60_000

function admissionOf({ config, clock, log }: Base): Admission {
  const { diskReserveMb, memoryMb } = config.ingestion
  const limits = { diskReserveBytes: diskReserveMb * 2 ** 20, unrecordedBytesMax: memoryMb * 2 ** 20 }
  const file = ledgerFile(config.databaseUrl, config.cwd)
  return new Admission({
    ...(file && { freeBytes: freeBytesOf(dirname(file)) }),
    clock,
    log,
    limits,
  })
}

function listenerOf({ config, clock, log }: Base, intake: Intake): PublicListener {
  const { host, port, bodyBytesMax, connectionsMax, requestMs, keepAliveMs } = config.ingestion
  const { certFile, keyFile } = config.tls
  return createPublicListener({
    host,
    port,
    intake,
    clock,
    log,
    limits: { bodyBytesMax, connectionsMax, requestMs, keepAliveMs },
    ...(certFile && keyFile && { tls: { certFile, keyFile } }),
    trustProxy: config.trustProxy > 0,
  })
}

/** Other verbs, such as `events`, find this process by it: a file that is open here they may not open. */
function announcementOf(
  { config: { databaseUrl, cwd }, clock }: Base,
  { roles, console, listener, config }: Pick<Live, 'console' | 'listener'> & Pick<Needs, 'roles' | 'config'>,
): Announcement | null {
  const file = ledgerFile(databaseUrl, cwd)
  if (file === null) return null
  const started = new Date(clock.now()).toISOString()
  return announcement(runFile(file), () => ({
    ...{ pid: process.pid, started, version: version(), roles: [...roles] },
    public: publicUrl(config(), listener),
    private: reachable(console.address()?.url ?? ''),
    token: config().console.token ?? randomBytes(24).toString('base64url'),
  }))
}

export function publicUrl({ tls }: Config, listener: PublicListener | null): string | null {
  if (!listener) return null
  const { host, port } = listener.address()
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `${tls.certFile ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** Nobody can connect to "every address", but a listener there hears loopback too. */
export const reachable = (address: string): string =>
  address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')

const handsOf = ({ clock, log, handlers }: Base, store: Store, watch: ControlWatch): ActionHands => ({
  ledger: store.ledger,
  controls: store.controls,
  journal: store.journal,
  clock,
  log,
  controlId: () => randomUUID().slice(0, 8),
  destinations: () => handlers.destinations(),
  poke: () => watch.poke(),
})

export async function readiness({ store, away, ...live }: Live): Promise<Readiness> {
  const { broker, worker, drain, locks, admission } = live
  const why: string[] = []
  // Behind a broker the ledger may be away: whoever only takes events in can do so.
  if (!broker || worker) await store.ledger.backlog().catch((error: Error) => why.push(error.message))
  if (admission.state.append !== 'works') why.push(`The last append to the ${broker ? 'broker' : 'ledger'} failed.`)
  if (worker && !worker.ready()) why.push('Processing cannot lease or settle.')
  const locked = await locks?.why()
  if (locked) why.push(locked)
  why.push(...(drain?.why() ?? []))
  const apart = away()
  return { ok: why.length === 0, why: apart === null ? why : [...why, `Only the broker takes events: ${apart}`] }
}

export const secretsOf = ({ accounts }: Config): EndpointSecret[] =>
  endpoints(accounts).flatMap(({ endpoint, secrets }) => secrets.map((secret) => ({ endpoint, secret })))

/** Asked for with each delivery: made anew only where the configuration was read anew. */
export function secretsNow(config: () => Config): () => readonly EndpointSecret[] {
  let known: { of: Config; secrets: readonly EndpointSecret[] } | null = null
  return () => {
    const of = config()
    if (known?.of !== of) known = { of, secrets: secretsOf(of) }
    return known.secrets
  }
}

export const modeOf = (config: Config) => (account: string) =>
  config.livemode === 'both' ? 'both' : (config.accounts[account]?.mode ?? 'both')

export function notStarted({ meter, clock, log, config }: Base): { intake: Intake } {
  const ledger = { admit: async () => [], keep: async () => {} }
  const admission = new Admission({ clock, log })
  return {
    intake: createIntake({
      ledger,
      admission,
      meter,
      clock,
      log,
      endpoints: () => secretsOf(config),
      modeOf: modeOf(config),
    }),
  }
}
