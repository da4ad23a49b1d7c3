import { pino } from 'pino'
import type { Broker } from './broker/broker.ts'
import { faceOf, frontOf } from './cluster/front.ts'
import { leadBy } from './cluster/leader.ts'
import { ledgerOf } from './cluster/ledger.ts'
import {
  type Base,
  end,
  type Live,
  notStarted,
  parts,
  publicUrl,
  reachable,
  readiness,
  secretsNow,
} from './cluster/parts.ts'
import { restoreFrom } from './cluster/restore.ts'
import { type FetchRoute, opened, workingAfter } from './cluster/serverless.ts'
import type { SqsBatch, SqsBatchResult } from './cluster/sqs-batch.ts'
import { type Config, type ConfigInput, configure, type Role, reloadSecrets } from './config.ts'
import type { BrokerFace, Readiness } from './console/route.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { failure } from './core/errors.ts'
import { boundHeap, releaseMemory } from './core/memory.ts'
import { type Random, systemRandom } from './core/random.ts'
import type { Logger } from './core/service.ts'
import { fetchHandler } from './ingestion/fetch.ts'
import type { Intake } from './ingestion/intake.ts'
import { type LambdaHandler, lambdaHandler } from './ingestion/lambda.ts'
import { type NodeHandler, nodeHandler } from './ingestion/node.ts'
import { forward } from './processing/forward.ts'
import { createHandlers, type Handlers } from './processing/handlers.ts'
import type { Bounds, Passed } from './processing/pass.ts'
import type { Store } from './store/store.ts'
import { createMeter } from './telemetry/meter.ts'

/** Settings as in a config file; what is not given comes from the environment, then from the defaults. */
export interface ClusterOptions extends ConfigInput {
  /** A configuration that is already whole: nothing else is read then. */
  readonly config?: Config
  /** Default: pino on stdout, at `log.level`. */
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** A broker of your own in front of the ledger, or one of `hookkeeper/brokers`, instead of `broker.url`. Asked for at each start. */
  readonly openBroker?: () => Promise<Broker>
}

export interface Cluster {
  /** Registers a handler: `on(type | types | 'invoice.*', options?, handler)`. */
  readonly on: Handlers['on']
  /** The webhook route of a `(req, res)` server: `app.post('/webhooks/stripe', cluster.node)`, before anything parses bodies. */
  readonly node: NodeHandler
  /** The webhook route of anything that speaks `Request` and `Response`; with `{ waitUntil }` what it recorded is worked after the answer. */
  readonly fetch: FetchRoute
  /** The webhook route on AWS Lambda: API Gateway, function URLs, load balancers. It needs no start. */
  readonly lambda: LambdaHandler
  /**
   * An AWS Lambda function behind a queue in SQS that a Hookkeeper with `broker.url` fills: records the batch, then works for a
   * bounded time. It needs no start. Its event source mapping needs `ReportBatchItemFailures`.
   */
  sqsBatch(event: SqsBatch): Promise<SqsBatchResult>
  /**
   * One bounded pass over what is ready, for functions that are called by a clock: it needs no start, and leaves nothing leased.
   * Resolves when what it began has ended. Without bounds those of `processing.passMs` and `processing.passMax` count.
   */
  workFor(bounds?: Partial<Bounds>): Promise<Passed>
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
  /** @internal The broker, for those who look at it; null where events go straight into the ledger. */
  readonly front: BrokerFace | null
  /** @internal */
  readonly base: Base
  /** @internal Goes on with the handlers and secrets of a cluster that was never started. */
  become(next: Cluster): void
}

/** Wires the tiers. Bad settings throw at once, with one sentence and its remedy. */
export function createCluster(options: ClusterOptions = {}): Cluster {
  const { config: given, logger, clock = systemClock, random = systemRandom, openBroker = null, ...input } = options
  const config = given ?? configure(input)
  const log = logger ?? pino({ level: config.log.level, base: null })
  const handlers = createHandlers({ timeoutMs: config.processing.handlerMs, clock })
  const root = new Root({ config, log, clock, random, handlers, meter: createMeter(), openBroker })
  const { to } = config.forward
  if (to !== null)
    handlers.on('*', { name: 'forward' }, forward(to, { ...config.forward, secret: () => root.config.forward.secret }))
  return root
}

class Root implements Cluster {
  readonly on: Handlers['on']
  readonly node: NodeHandler
  readonly fetch: FetchRoute
  readonly lambda: LambdaHandler
  readonly base: Base
  /** As it was last read: of what changes, secrets alone count before the next start. */
  #config: Config
  readonly #secrets = secretsNow(() => this.#config)
  #live: Promise<Live> | null = null
  #now: Live | null = null
  #unbound = () => {}
  #bare = false
  #over = false
  readonly #passes = new Set<Promise<Passed>>()

  constructor(base: Base) {
    this.base = base
    this.#config = base.config
    this.on = base.handlers.on
    // A framework may bring a request before the ledger is loaded: it waits for that.
    const intake = this.#deferredIntake()
    const options = { bodyBytesMax: base.config.ingestion.bodyBytesMax }
    const bare = { log: base.log, open: () => this.#opened(), pass: () => this.workFor() }
    const lambda = lambdaHandler(intake, options)
    this.node = nodeHandler(intake, options)
    this.fetch = workingAfter(fetchHandler(intake, options), bare)
    this.lambda = (event) => opened(bare).then(() => lambda(event))
  }

  async start(roles: readonly Role[] = this.base.config.roles): Promise<void> {
    this.#over = false
    if (this.#bare) await this.#close()
    await this.#open(roles, false)
  }

  async stop(): Promise<void> {
    this.#over = true
    this.#unbound()
    await this.#close()
    await this.base.handlers.close()
  }

  async workFor(bounds: Partial<Bounds> = {}): Promise<Passed> {
    const live = await this.#opened()
    const { passOver } = await import('./cluster/crew.ts')
    const under = passOver(this.base, live, bounds)
    this.#passes.add(under)
    return under.finally(() => this.#passes.delete(under))
  }

  async sqsBatch(event: SqsBatch): Promise<SqsBatchResult> {
    const { sqsBatch } = await import('./cluster/sqs-batch.ts')
    const inlet = async () => {
      const { inletOf } = await import('./cluster/crew.ts')
      const { store, vault } = await this.#opened()
      return { deps: inletOf(this.base, store, 'sqs'), vault }
    }
    return sqsBatch(event, { log: this.base.log, inlet, pass: () => this.workFor() })
  }

  get store(): Store {
    if (!this.#now) throw failure('store_closed')
    return this.#now.store
  }

  get front(): BrokerFace | null {
    const broker = this.#now?.broker
    return broker ? faceOf(broker, this.base) : null
  }

  get handlers(): readonly string[] {
    return this.base.handlers.all.map(({ name }) => name)
  }

  publicAddress(): string | null {
    return publicUrl(this.base.config, this.#now?.listener ?? null)
  }

  privateAddress(): string | null {
    const url = this.#now?.console.address()?.url
    return url === undefined ? null : reachable(url)
  }

  async ready(): Promise<Readiness> {
    const live = this.#now
    if (!live) return { ok: false, why: ['The process is not started.'] }
    return readiness(live)
  }

  get config(): Config {
    return this.#config
  }

  async reload(config: Config = reloadSecrets(this.base.config)): Promise<void> {
    await this.#now?.listener?.reload()
    this.#now?.console.reload(config.console.token)
    this.#config = config
    this.#now?.announced?.reload()
  }

  become({ base: { handlers, config, log } }: Cluster): void {
    this.base.handlers.replace(handlers.all)
    this.#config = config
    if (fixed(config) !== fixed(this.base.config)) log.warn({}, 'settings changed: they count from the next start on')
  }

  /** What was started, else a ledger without roles: nobody has to start a function. After `stop` only `start` opens it again. */
  async #opened(): Promise<Live> {
    if (this.#over) throw failure('store_closed')
    return this.#live ?? this.#open([], true)
  }

  #open(roles: readonly Role[], bare: boolean): Promise<Live> {
    if (this.#live) return this.#live
    this.#bare = bare
    this.#live = this.#begin(roles, bare).catch((error) => {
      this.#live = null
      throw error
    })
    return this.#live
  }

  async #close(): Promise<void> {
    const live = await this.#live?.catch(() => null)
    this.#live = null
    this.#now = null
    // A pass ends by itself, and soon.
    await Promise.allSettled(this.#passes)
    if (live) await end(live)
  }

  async #begin(roles: readonly Role[], bare: boolean): Promise<Live> {
    const { restoredFrom } = this.base.config
    const live = await this.#wired(roles, bare)
    try {
      if (restoredFrom !== null) await restoreFrom(live.store, restoredFrom, this.base)
      // The consoles' doors open last: what answers is also what works.
      for (const service of live.services) await service.start()
      this.#now = live
      this.#unbound = boundHeap()
      releaseMemory()
      return live
    } catch (error) {
      await end(live)
      throw error
    }
  }

  /** Opened, and nothing of it started. */
  async #wired(roles: readonly Role[], bare: boolean): Promise<Live> {
    const lead = leadBy(this.base, () => this.#now?.locks ?? null)
    const { store, away } = await ledgerOf(this.base, { roles, bare, lead })
    let broker: Broker | null = null
    try {
      const front = await frontOf(this.base, { store, bare })
      broker = front.broker
      const working = roles.includes('processing') ? (await import('./cluster/crew.ts')).working : null
      const now = { secrets: this.#secrets, config: () => this.#config, ready: () => this.ready() }
      return parts(this.base, { store, away, ...front, ...now, roles, bare, working })
    } catch (error) {
      await broker?.close()
      await store.close()
      throw error
    }
  }

  #deferredIntake(): Intake {
    const whenLive = async (delivery: Parameters<Intake['receive']>) => {
      const { intake } = (await this.#live?.catch(() => null)) ?? {}
      return intake ? intake.receive(...delivery) : notStarted(this.base).intake.refuse('store_closed')
    }
    return {
      receive: (...delivery) => (this.#now ? this.#now.intake.receive(...delivery) : whenLive(delivery)),
      refuse: (...refusal) => (this.#now ?? notStarted(this.base)).intake.refuse(...refusal),
      knows: (endpoint) => this.#secrets().some((secret) => secret.endpoint === endpoint),
      idle: async () => this.#now?.intake.idle(),
    }
  }
}

/** What a cluster that lives cannot change. */
const fixed = ({ accounts: _, layers: __, release: ___, ...rest }: Config): string => JSON.stringify(rest)
