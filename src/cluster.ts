import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { pino } from 'pino'
import type { ActionHands } from './actions/action.ts'
import { actions } from './actions/list.ts'
import { type Config, type ConfigInput, configure, endpoints, type Role, reloadSecrets } from './config.ts'
import { createApi } from './console/api.ts'
import { createPrivateListener, type PrivateListener } from './console/listener.ts'
import type { Readiness } from './console/route.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { failure } from './core/errors.ts'
import { type Random, systemRandom } from './core/random.ts'
import type { Logger, Service } from './core/service.ts'
import { Admission, freeBytesOf } from './ingestion/admission.ts'
import { type FetchHandler, fetchHandler } from './ingestion/fetch.ts'
import { createPublicListener, type PublicListener } from './ingestion/http.ts'
import { createIntake, type Intake } from './ingestion/intake.ts'
import { type NodeHandler, nodeHandler } from './ingestion/node.ts'
import { ledgerPath, openStore } from './presets/sqlite.ts'
import { ControlWatch } from './processing/controls.ts'
import { forward } from './processing/forward.ts'
import { createHandlers, type Handlers } from './processing/handlers.ts'
import { Worker } from './processing/worker.ts'
import type { Store } from './store/store.ts'
import type { EndpointSecret } from './stripe/signature.ts'
import { createMeter, type Meter } from './telemetry/meter.ts'
import { createPrometheus } from './telemetry/prometheus.ts'

/** Settings as in a config file; what is not given comes from the environment, then from the defaults. */
export interface ClusterOptions extends ConfigInput {
  /** A configuration that is already whole: nothing else is read then. */
  readonly config?: Config
  /** Default: pino on stdout, at `log.level`. */
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
}

export interface Cluster {
  /** Registers a handler: `on(type | types | 'invoice.*', options?, handler)`. */
  readonly on: Handlers['on']
  /** The webhook route of a `(req, res)` server: `app.post('/webhooks/stripe', cluster.node)`, before anything parses bodies. */
  readonly node: NodeHandler
  /** The webhook route of anything that speaks `Request` and `Response`. */
  readonly fetch: FetchHandler
  /** Opens the ledger and starts the roles: all of the configuration's unless named. Starting twice is harmless. */
  start(roles?: readonly Role[]): Promise<void>
  /** Takes nothing more, lets handlers end, leaves nothing leased. Stopping twice is harmless. */
  stop(): Promise<void>
  /** Throws `store_closed` before the start. */
  readonly store: Store
  /** The names of the handlers. */
  readonly handlers: readonly string[]
  publicAddress(): string | null
  privateAddress(): string | null
  ready(): Promise<Readiness>
  /** Secrets and certificates, read again. */
  reload(config?: Config): Promise<void>
}

/** Events that ended their process so many times in a row are dead, and `Later` may put one off for so long. */
const LOST_MAX = 3
const LATER_MAX_MS = 7 * 86_400_000

/** Wires the tiers. Bad settings throw at once, with one sentence and its remedy. */
export function createCluster(options: ClusterOptions = {}): Cluster {
  const { config: given, logger, clock = systemClock, random = systemRandom, ...input } = options
  const config = given ?? configure(input)
  const log = logger ?? pino({ level: config.log.level, base: null })
  const handlers = createHandlers({ timeoutMs: config.processing.handlerMs })
  if (config.forward.to !== null) handlers.on('*', { name: 'forward' }, forward(config.forward.to, config.forward))
  return new Root({ config, log, clock, random, handlers, meter: createMeter() })
}

interface Base {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
  readonly handlers: Handlers
  readonly meter: Meter
}

/** What lives between start and stop. */
interface Live {
  readonly store: Store
  readonly intake: Intake
  readonly admission: Admission
  readonly watch: ControlWatch
  readonly worker: Worker | null
  readonly listener: PublicListener | null
  readonly console: PrivateListener
  /** In the order of the start; stopped the other way round. */
  readonly services: readonly Service[]
}

class Root implements Cluster {
  readonly on: Handlers['on']
  readonly node: NodeHandler
  readonly fetch: FetchHandler
  readonly #base: Base
  #secrets: readonly EndpointSecret[]
  #live: Promise<Live> | null = null
  #now: Live | null = null

  constructor(base: Base) {
    this.#base = base
    this.#secrets = secretsOf(base.config)
    this.on = base.handlers.on
    // A framework may bring a request before the ledger is loaded: it waits for that.
    const intake = this.#deferredIntake()
    this.node = nodeHandler(intake, { bodyBytesMax: base.config.ingestion.bodyBytesMax })
    this.fetch = fetchHandler(intake, { bodyBytesMax: base.config.ingestion.bodyBytesMax })
  }

  async start(roles: readonly Role[] = this.#base.config.roles): Promise<void> {
    this.#live ??= this.#begin(roles).catch((error) => {
      this.#live = null
      throw error
    })
    await this.#live
  }

  async stop(): Promise<void> {
    const live = await this.#live?.catch(() => null)
    this.#live = null
    this.#now = null
    if (live) await end(live)
    await this.#base.handlers.close()
  }

  get store(): Store {
    if (!this.#now) throw failure('store_closed')
    return this.#now.store
  }

  get handlers(): readonly string[] {
    return this.#base.handlers.all.map(({ name }) => name)
  }

  publicAddress(): string | null {
    const { listener } = this.#now ?? {}
    if (!listener) return null
    const { host, port } = listener.address()
    const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
    return `${this.#base.config.tls.certFile ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`
  }

  privateAddress(): string | null {
    return this.#now?.console.address()?.url ?? null
  }

  async ready(): Promise<Readiness> {
    const live = this.#now
    if (!live) return { ok: false, why: ['The process is not started.'] }
    return readiness(live)
  }

  async reload(config: Config = reloadSecrets(this.#base.config)): Promise<void> {
    this.#secrets = secretsOf(config)
    await this.#now?.listener?.reload()
  }

  async #begin(roles: readonly Role[]): Promise<Live> {
    const { config, clock, log } = this.#base
    const { databaseUrl, cwd, retention } = config
    const store = await openStore(databaseUrl, { cwd, clock, log, retention })
    const live = parts(this.#base, { store, roles, secrets: () => this.#secrets, ready: () => this.ready() })
    try {
      // The consoles' doors open last: what answers is also what works.
      for (const service of live.services) await service.start()
      this.#now = live
      return live
    } catch (error) {
      await end(live)
      throw error
    }
  }

  #deferredIntake(): Intake {
    const live = async () => {
      const { intake } = (await this.#live) ?? {}
      if (!intake) throw failure('store_closed')
      return intake
    }
    return {
      receive: (...delivery) =>
        this.#now ? this.#now.intake.receive(...delivery) : live().then((intake) => intake.receive(...delivery)),
      refuse: (...refusal) => (this.#now ?? notStarted(this.#base)).intake.refuse(...refusal),
      knows: (endpoint) => this.#secrets.some((secret) => secret.endpoint === endpoint),
      idle: async () => this.#now?.intake.idle(),
    }
  }
}

interface Needs {
  readonly store: Store
  readonly roles: readonly Role[]
  readonly secrets: () => readonly EndpointSecret[]
  readonly ready: () => Promise<Readiness>
}

function parts(base: Base, { store, roles, secrets, ready }: Needs): Live {
  const { config, clock, log, handlers, meter } = base
  const watch = new ControlWatch({ store, clock, log })
  const admission = admissionOf(base)
  const intake = createIntake({
    ledger: store.ledger,
    admission,
    meter,
    clock,
    log,
    endpoints: secrets,
    modeOf: modeOf(config),
  })
  const worker = roles.includes('processing') ? workerOf(base, store) : null
  handlers.wire({
    clock,
    random: base.random,
    secret: secrets()[0]?.secret ?? null,
    rerouted: (name) => watch.rerouted(name),
  })
  const listener = roles.includes('ingestion') ? listenerOf(base, intake) : null
  const hands = { ...handsOf(base, store, watch), meter }
  const app = createApi({
    store,
    clock,
    log,
    roles,
    ready,
    metrics: createPrometheus({ meter, ledger: store.ledger, log }),
    actions,
    hands,
  })
  const console = createPrivateListener({ app, ...config.console, log })
  const services = [admission, ...(worker ? [watch, worker] : []), console, ...(listener ? [listener] : [])]
  return { store, intake, admission, watch, worker, listener, console, services }
}

/** First the doors, then the work, then the ledger. */
async function end(live: Live): Promise<void> {
  for (const service of [...live.services].reverse()) await service.stop()
  await live.intake.idle()
  await live.store.close()
}

function admissionOf({ config, clock, log }: Base): Admission {
  const { diskReserveMb, memoryMb } = config.ingestion
  const limits = { diskReserveBytes: diskReserveMb * 2 ** 20, unrecordedBytesMax: memoryMb * 2 ** 20 }
  return new Admission({
    freeBytes: freeBytesOf(dirname(ledgerPath(config.databaseUrl, config.cwd))),
    clock,
    log,
    limits,
  })
}

function workerOf({ config, clock, random, log, handlers, meter }: Base, store: Store): Worker {
  const { concurrency, drainMs, retry } = config.processing
  const policy = { retry, lostMax: LOST_MAX, laterMaxMs: LATER_MAX_MS }
  const name = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`
  return new Worker({
    store,
    handlers,
    policy,
    clock,
    random,
    log,
    meter,
    name,
    release: config.release,
    concurrency,
    drainMs,
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

const handsOf = ({ clock, log, handlers }: Base, store: Store, watch: ControlWatch): ActionHands => ({
  ledger: store.ledger,
  controls: store.controls,
  journal: store.journal,
  clock,
  log,
  controlId: () => randomUUID().slice(0, 8),
  destinations: () => handlers.destinations(),
  poke: () => void watch.poke(),
})

async function readiness({ store, worker, admission }: Live): Promise<Readiness> {
  const why: string[] = []
  await store.ledger.backlog().catch((error: Error) => why.push(error.message))
  if (admission.state.append !== 'works') why.push('The last append to the ledger failed.')
  if (worker && !worker.ready()) why.push('Processing cannot lease or settle.')
  return { ok: why.length === 0, why }
}

const secretsOf = ({ accounts }: Config): EndpointSecret[] =>
  endpoints(accounts).flatMap(({ endpoint, secrets }) => secrets.map((secret) => ({ endpoint, secret })))

const modeOf = (config: Config) => (account: string) =>
  config.livemode === 'both' ? 'both' : (config.accounts[account]?.mode ?? 'both')

function notStarted({ meter, clock, log, config }: Base): { intake: Intake } {
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
