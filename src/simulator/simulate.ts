import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { seeded } from '../core/random.ts'
import type { Logger } from '../core/service.ts'
import { DAY } from './calendar.ts'
import { createEveryType } from './every-type.ts'
import { type Delivery, type FaultRates, noFaults } from './faults.ts'
import { createMerchant, shapeOf } from './merchant.ts'
import { atRate, atSpeed } from './pace.ts'
import { REMEMBERED_MAX, type SendReport } from './report.ts'
import { createSender, type Sender, type SenderOptions } from './sender.ts'
import { type Manners, type Served, type ServedOptions, serve } from './served.ts'
import type { ApiShape } from './shape.ts'
import type { Business } from './shop.ts'
import { createStories, type Story } from './story.ts'
import { stream } from './stream.ts'
import { type Truth, truthOf } from './truth.ts'
import type { Change } from './world.ts'

export interface SimulateOptions {
  readonly to: string
  readonly secrets: readonly string[]
  /** Deliveries a second, whatever the merchant's clock says. Without it, `speed` alone decides. */
  readonly rate?: number
  /** How much faster than ours the merchant's clock runs; delays between attempts shrink by it, too. */
  readonly speed?: number
  /** The same seed, start and options give the same bytes. By default one is drawn. */
  readonly seed?: number
  /** When the merchant's time begins; by default now. */
  readonly startAt?: number
  readonly faults?: Partial<FaultRates>
  readonly business?: Partial<Business>
  /** How bodies look: as in the current API version, or as in those before 2025-03-31.basil. */
  readonly apiVersion?: ApiShape
  /** One event of every known type instead of the merchant's days. */
  readonly everyType?: boolean
  /** Ends by itself after so many events, once they are all accepted or given up. */
  readonly count?: number
  readonly retriesMs?: readonly number[]
  readonly concurrency?: number
  readonly timeoutMs?: number
  /** Of the merchant's time: see the sender. */
  readonly disableAfterMs?: number
  /** Hears what became of each event, once nothing more will; of the rest before `done` resolves. */
  readonly onStory?: (story: Story) => void
  /** Serves the merchant's Stripe API on this port of 127.0.0.1, until `stop`; 0 takes a free one. Without it there is none. */
  readonly port?: number
  readonly api?: Manners
  readonly signal?: AbortSignal
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export interface Simulation {
  readonly seed: number
  /** Resolves with the last report, when all is sent or after `stop`. Never rejects for what a receiver does. */
  readonly done: Promise<SendReport>
  /** Where the Stripe API answers, for `STRIPE_API_BASE`; null without a port. Rejects with `port_taken`, and so does `done`. */
  readonly apiUrl: Promise<string | null>
  /** Nothing new is sent; resolves when nothing is in flight any more and the API is closed. Twice is harmless. */
  stop(): Promise<SendReport>
  stats(): SendReport
  /** What was sent, each event once: the first million. */
  truth(): readonly Truth[]
  /** The endpoint was disabled, and is sent to again. */
  enable(): void
}

/** A merchant whose webhooks come to `to`, until they are stopped. */
export function simulate(options: SimulateOptions): Simulation {
  const { clock, random, log } = options
  const seed = options.seed ?? Math.floor(random() * 2 ** 32)
  const stopping = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stopping.signal]) : stopping.signal
  const truths = new Map<string, Truth>()
  const onSend = ({ event }: Delivery) => {
    if (truths.size < REMEMBERED_MAX && !truths.has(event.id)) truths.set(event.id, truthOf(event))
  }

  const startAt = options.startAt ?? clock.now()
  const stories = options.onStory && createStories(options.onStory)
  const served = servedFor(options, { seed, startAt, delivered: (id) => sender.report().accepted.has(id) })
  const heard = { onAnswer: stories?.answer, onEnd: stories?.end, onSend }
  const sender = senderOf(options, { startAt, signal, ...heard, random: seeded(seed + 2) })
  log.info({ seed, to: new URL(options.to).host, rate: options.rate ?? null, speed: options.speed ?? 1 }, 'simulating')
  const onPlan = (deliveries: readonly Delivery[]) => {
    stories?.plan(deliveries)
    served?.onPlan(deliveries)
  }
  const deliveries = eventsOf(options, { seed, startAt, onPlan, onChange: served?.onChange })
  const opened = served?.api.start() ?? Promise.resolve()
  const sending = opened.then(() => sender.run(served?.watched(deliveries) ?? deliveries))
  const done = keptAlive(sending).finally(() => stories?.close())
  const over = aborted(signal).then(async () => {
    const report = await done
    await served?.api.stop()
    return report
  })
  const apiUrl = opened.then(() => served?.api.url() ?? null)
  // A port that is taken is told of by all three; to have heard it once is enough.
  for (const promise of [done, over, apiUrl]) promise.catch(() => {})
  return {
    seed,
    done,
    apiUrl,
    stop() {
      stopping.abort()
      return over
    },
    stats: sender.report,
    enable: sender.enable,
    truth: () => [...truths.values()],
  }
}

// A ledger may refuse what is created more than 400 days ahead.
const SIMULATED_MAX_MS = 365 * DAY

function eventsOf(options: SimulateOptions, { seed, startAt, onPlan, onChange }: Planned): Iterable<Delivery> {
  const { apiVersion, business, everyType } = options
  const merchant = (everyType ? createEveryType : createMerchant)({ seed, startAt, business, apiVersion, onChange })
  return stream({
    merchant,
    onPlan,
    startAt,
    untilAt: startAt + SIMULATED_MAX_MS,
    count: options.count ?? Number.POSITIVE_INFINITY,
    faults: { ...noFaults, ...options.faults },
    random: seeded(seed + 1),
  })
}

interface Planned {
  readonly seed: number
  readonly startAt: number
  readonly onPlan: (deliveries: readonly Delivery[]) => void
  readonly onChange: ((change: Change) => void) | undefined
}

function servedFor(
  options: SimulateOptions,
  rest: Pick<ServedOptions, 'seed' | 'startAt' | 'delivered'>,
): Served | null {
  const { port, api, to, clock, log, rate, speed = 1, count = Number.POSITIVE_INFINITY } = options
  if (port === undefined) return null
  const { apiVersion } = shapeOf(options.apiVersion)
  const pace = rate === undefined ? speed : null
  return serve({ ...rest, ...api, port, to, clock, log, count, apiVersion, speed: pace })
}

interface Running extends Pick<SenderOptions, 'onAnswer' | 'onEnd'> {
  readonly startAt: number
  readonly signal: AbortSignal
  readonly onSend: (delivery: Delivery) => void
  readonly random: Random
}

function senderOf(options: SimulateOptions, { startAt, ...running }: Running): Sender {
  const { to, secrets, clock, rate, speed = 1, retriesMs, disableAfterMs, concurrency, timeoutMs } = options
  const pace =
    rate === undefined
      ? atSpeed({ speed, startAt: clock.now(), beginsAt: startAt })
      : atRate({ perSecond: rate, startAt: clock.now() })
  return createSender({
    to,
    secrets,
    clock,
    pace,
    speed,
    retriesMs,
    disableAfterMs,
    concurrency,
    timeoutMs,
    ...running,
  })
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** The clock's timers let the process end; a simulation that waits for its next delivery must not. */
async function keptAlive<V>(work: Promise<V>): Promise<V> {
  const anchor = setInterval(() => {}, 2 ** 30)
  try {
    return await work
  } finally {
    clearInterval(anchor)
  }
}
