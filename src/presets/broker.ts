import { resolve } from 'node:path'
import type { Broker } from '../broker/broker.ts'
import type { BrokerOptions } from '../broker/options.ts'
import { failure } from '../core/errors.ts'

export interface BrokerPreset extends Omit<BrokerOptions, 'url'> {
  /** What a relative path counts from. */
  readonly cwd: string
  /** A folder on a disk that stays: what the broker does not take in time is kept there. */
  readonly spool?: string | null
  /** The platform whose disk goes with the machine: nothing is spooled on it. */
  readonly ephemeral?: string | null
}

/** The broker that a BROKER_URL names, with a disk before it where one is asked for. What drives it is loaded when there is one. */
export async function openBroker(
  url: string,
  { cwd, spool = null, ephemeral = null, ...options }: BrokerPreset,
): Promise<Broker> {
  const driver = driverOf(url)
  const onDisk = spool !== null || driver === 'spool'
  if (onDisk && ephemeral) throw failure('spool_ephemeral', { platform: ephemeral })
  if (driver === 'spool') return openSpoolIn(resolve(cwd, spoolPath(url)), options)
  // The disk first: a broker that is opened for nothing would have to be closed again.
  const disk = spool === null ? null : await openSpoolIn(resolve(cwd, spool), options)
  const broker = await DRIVERS[driver]({ ...options, url })
  if (!disk) return broker
  const { SpoolBefore } = await import('../broker/spool/before.ts')
  return new SpoolBefore(broker, { ...options, spool: disk })
}

type Driver = (options: BrokerOptions) => Promise<Broker>

const DRIVERS = {
  redis: async (options) => (await import('../broker/redis.ts')).openRedisBroker(options),
  kafka: async (options) => (await import('../broker/kafka.ts')).openKafkaBroker(options),
  pubsub: async (options) => (await import('../broker/pubsub.ts')).openPubsubBroker(options),
  sqs: async (options) => (await import('../broker/sqs.ts')).openSqsBroker(options),
} satisfies Record<string, Driver>

/** By scheme. SQS's own URLs of queues are plain HTTPS. */
const SCHEMES: Readonly<Record<string, keyof typeof DRIVERS | 'spool'>> = {
  redis: 'redis',
  rediss: 'redis',
  'redis+sentinel': 'redis',
  'rediss+sentinel': 'redis',
  'redis+cluster': 'redis',
  'rediss+cluster': 'redis',
  kafka: 'kafka',
  'kafka+ssl': 'kafka',
  pubsub: 'pubsub',
  sqs: 'sqs',
  https: 'sqs',
  http: 'sqs',
  spool: 'spool',
}

/** Which broker a URL names. Throws `broker_unknown`. */
export function driverOf(url: string): keyof typeof DRIVERS | 'spool' {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  const driver = scheme === undefined ? undefined : SCHEMES[scheme]
  if (driver) return driver
  const what = scheme ? `there is no broker for ${scheme}:` : 'it does not say what kind of broker it is'
  throw failure('broker_unknown', { url: scheme ? `${scheme}:...` : 'that', what })
}

/** A broker as people may see it: nothing that could be a password. */
export function brokerName(url: string): string {
  const parsed = URL.parse(url)
  if (!parsed) return `${driverOf(url)}:...`
  return `${parsed.protocol}${parsed.host ? `//${parsed.host}` : ''}${parsed.pathname}`
}

async function openSpoolIn(path: string, options: Omit<BrokerOptions, 'url'>) {
  const { openSpool } = await import('../broker/spool.ts')
  return openSpool({ ...options, path })
}

const spoolPath = (url: string): string => {
  const path = url.slice('spool:'.length).replace(/^\/\//, '')
  if (path === '') throw failure('broker_unknown', { url, what: 'it names no folder' })
  return path
}
