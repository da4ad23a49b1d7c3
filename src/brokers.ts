import type { Broker } from './broker/broker.ts'
import { SpoolBefore } from './broker/spool/before.ts'
import { openSpool } from './broker/spool.ts'
import type { Clock } from './core/clock.ts'
import { systemClock } from './core/clock.ts'
import { type Random, systemRandom } from './core/random.ts'
import { type Logger, silent } from './core/service.ts'
import { openBroker } from './presets/broker.ts'

export {
  type Batch,
  type Broker,
  type BrokerBacklog,
  BrokerError,
  type BrokerErrorKind,
  type Finding,
  type Lent,
  type Message,
  type Traits,
  type Wanted,
} from './broker/broker.ts'

export interface BrokerSettings {
  /** How messages, metrics and logs call it. */
  readonly name?: string
  /** After this long an unacknowledged message comes again; a minute by default. */
  readonly lentMs?: number
  readonly log?: Logger
  readonly clock?: Clock
  readonly random?: Random
}

type Opener = (url: string, settings?: BrokerSettings) => Promise<Broker>

/** A stream in Redis: `redis('redis://127.0.0.1:6379?stream=stripe')`. Needs the package `ioredis`. */
export const redis: Opener = (url, settings) => opened(url, settings)
/** A topic in Kafka: `kafka('kafka://a:9092,b:9092/stripe')`. Needs the package `@platformatic/kafka`. */
export const kafka: Opener = (url, settings) => opened(url, settings)
/** A queue in Amazon SQS: `sqs('sqs://eu-west-1/123456789012/stripe')`, or the queue's own URL. Needs `@aws-sdk/client-sqs`. */
export const sqs: Opener = (url, settings) => opened(url, settings)
/** A topic and its subscription in Google Pub/Sub: `pubsub('pubsub://project/topic/subscription')`. Needs `@google-cloud/pubsub`. */
export const pubsub: Opener = (url, settings) => opened(url, settings)

/** A folder on this machine's disk, for one process. */
export const spool = Object.assign(
  async (path: string, settings?: BrokerSettings): Promise<Broker> => openSpool({ ...whole(settings), path }),
  {
    /**
     * The same broker with a disk before it: what it does not take in time is kept in the folder `path`, synced, and brought to it
     * when it is back, in order. The disk has to be one that stays.
     */
    async before(
      broker: Broker | Promise<Broker>,
      { path, ...settings }: BrokerSettings & { path: string },
    ): Promise<Broker> {
      const options = whole(settings)
      const disk = openSpool({ ...options, path })
      return new SpoolBefore(await broker, { ...options, spool: disk })
    },
  },
)

const opened = (url: string, settings?: BrokerSettings) => openBroker(url, { ...whole(settings), cwd: '.' })

const whole = (settings: BrokerSettings = {}) => ({
  ...settings,
  clock: settings.clock ?? systemClock,
  random: settings.random ?? systemRandom,
  log: settings.log ?? silent,
})
