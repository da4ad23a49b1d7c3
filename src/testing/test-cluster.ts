import type { DatabaseSync } from 'node:sqlite'
import type Stripe from 'stripe'
import type { Cluster } from '../cluster.ts'
import type { VirtualClock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import type { Handler, HandlerOptions, KnownPattern } from '../processing/handlers.ts'
import type { Entry, Query, Story } from '../store/store.ts'
import { fixture } from './fixture.ts'
import { type MemoryLedger, memoryLedger } from './memory.ts'
import { createProcess, type Processing, TEST_SECRET, type TestProcess } from './process.ts'
import { elapse, rest, type Scene } from './rest.ts'
import { UnderWay } from './under-way.ts'

/** Handlers by pattern, or what registers them on a cluster, as your application does. */
export type Registration = HandlersByPattern | ((cluster: Pick<Cluster, 'on'>) => unknown)
export type HandlersByPattern = { readonly [P in KnownPattern]?: Handler<P> }

export interface TestClusterOptions {
  /** As in the configuration: `retry`, `handlerMs`, `concurrency`. */
  readonly processing?: Processing
  /** Of the delays between attempts. The same seed gives the same run. */
  readonly seed?: number
  /** When its time begins, in milliseconds since 1970. Default: the first day of 2026. */
  readonly startAt?: number
  /** Who reads what the cluster and the handlers log. Default: nobody. */
  readonly log?: Logger
}

/** A whole cluster in memory: the real intake, ledger and worker, on a clock that moves only when it is told to. No port, no file. */
export interface TestCluster {
  /** Signs and delivers events, in this order. Resolves when all are recorded; rejects with the answer that is no 200. */
  deliver(events: Stripe.Event | readonly Stripe.Event[], options?: { signature?: string }): Promise<void>
  /** Resolves when nothing is ready, scheduled or running: virtual time passes for retries. */
  settled(): Promise<void>
  /** Lets so much virtual time pass, working what falls due. */
  advance(ms: number): Promise<void>
  /** Newest first, at most 1,000. */
  events(filter?: Omit<Query, 'limit' | 'cursor'>): Promise<readonly Entry[]>
  /** State, attempts and moves of one event. Rejects when there is none of that id. */
  event(id: string): Promise<Story>
  /** Where the tables are that handlers write by `transaction`. */
  readonly db: DatabaseSync
  readonly clock: VirtualClock
  /** Stopping twice is harmless. */
  stop(): Promise<void>
}

export async function testCluster(registration: Registration, options: TestClusterOptions = {}): Promise<TestCluster> {
  const ledger = await memoryLedger(options.startAt)
  const process = createProcess({ seed: 1, ...options, store: ledger.store, clock: ledger.clock })
  const underWay = new UnderWay()
  register(registration, watched(process, underWay))
  await process.watch.start()
  await process.worker?.start()
  return clusterOf(ledger, process, underWay)
}

function clusterOf({ store, clock, db }: MemoryLedger, process: TestProcess, underWay: UnderWay): TestCluster {
  const scene: Scene = { ledger: store.ledger, clock, underWay }
  let stopped: Promise<void> | null = null
  return {
    ...{ clock, db },
    async deliver(given, { signature } = {}) {
      for (const event of [given].flat() as readonly Stripe.Event[]) {
        const body = fixture.body(event)
        const header = signature ?? fixture.signed(event, { secret: TEST_SECRET, at: clock.now() })
        const { status, body: answer } = await process.intake.receive(body, header, null)
        if (status !== 200) throw new Error(`${event.id} (${event.type}) was answered ${status}: ${text(answer)}`)
      }
    },
    settled: () => rest(scene),
    advance: (ms) => elapse(scene, ms),
    events: async (filter = {}) => (await store.ledger.find({ ...filter, limit: EVENTS_MAX })).data,
    async event(id) {
      const [entry] = (await store.ledger.find({ id, limit: 1 })).data
      const story = entry ? await store.ledger.open(entry.ref) : null
      if (!story) throw new Error(`This cluster was delivered no event ${id}.`)
      return story
    },
    stop: () => (stopped ??= stop({ store, clock, db }, process)),
  }
}

const EVENTS_MAX = 1_000

async function stop({ store, clock }: MemoryLedger, { worker, watch }: TestProcess): Promise<void> {
  const ended = Promise.all([worker?.stop(), watch.stop()])
  // The clock goes on, or what waits for it would wait for ever.
  await clock.advance(STOP_MS)
  await ended
  await store.close()
}

/** More than a worker takes to drain and to give up. */
const STOP_MS = 30_000

export function register(registration: Registration, cluster: Pick<Cluster, 'on'>): unknown {
  if (typeof registration === 'function') return registration(cluster)
  for (const [pattern, handler] of Object.entries(registration)) cluster.on(pattern, handler as Handler)
  return undefined
}

/** The cluster's `on`, for handlers that are known to be under way while they are. */
function watched({ handlers }: TestProcess, underWay: UnderWay): Pick<Cluster, 'on'> {
  return {
    on: wrapping(handlers.on, (handler) => async (event, context) => {
      const who = {}
      underWay.moves(who)
      try {
        return await handler(event, context)
      } finally {
        underWay.leaves(who)
      }
    }),
  }
}

/** `on`, with something around each handler. */
export function wrapping(on: Cluster['on'], wrap: (handler: Handler, name: string) => Handler): Cluster['on'] {
  return (pattern: string | readonly string[], ...rest: readonly unknown[]) => {
    const handler = rest.at(-1)
    // What is no function is refused by the real one, in its own words. A `forward` handler brings its connections along.
    if (typeof handler !== 'function' || 'destination' in handler) return on(pattern, ...(rest as [Handler]))
    const options = (rest.length > 1 ? rest[0] : {}) as HandlerOptions
    const name = options.name ?? [pattern].flat().join()
    return on(pattern, options, wrap(handler as Handler, name))
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
