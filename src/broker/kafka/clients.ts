import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import type * as Kafka from '@platformatic/kafka'
import { failure } from '../../core/errors.ts'
import { type Address, refused } from './address.ts'

/** Connections of four kinds, since Kafka answers one request of a connection after the other and some of them wait. */
export interface Clients {
  readonly producer: Kafka.Producer
  readonly admin: Kafka.Admin
  /** Belongs to the group and commits. A join waits for the others. */
  readonly member: Kafka.Consumer
  /** Reads. A fetch waits for messages. */
  readonly reader: Kafka.Consumer
  /** The partition of a key, as Kafka's own clients choose it. */
  readonly spread: (key: Buffer) => number
  close(): Promise<void>
}

export interface Pace {
  /** A member that is silent for longer is out of the group. */
  readonly sessionMs: number
  /** Asked before each join: hands over what others are to get. */
  readonly beforeJoin: () => Promise<void>
}

/** Makes the clients; nothing is connected before it is used. The package is loaded here alone. */
export async function openClients(address: Address, { sessionMs, beforeJoin }: Pace): Promise<Clients> {
  const kafka = await load()
  const common = {
    clientId: 'hookkeeper',
    bootstrapBrokers: [...address.servers],
    connectTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retryDelay: RETRY_MS,
    ...(await tlsOf(address)),
    ...(address.sasl && {
      sasl: { mechanism: address.sasl.mechanism, username: address.sasl.user, password: address.sasl.password },
    }),
  }
  const group = { ...common, groupId: address.group, autocommit: false, metadataMaxAge: METADATA_MS }
  const producer = new kafka.Producer({
    ...common,
    idempotent: true,
    retries: 5,
    timeout: REQUEST_MS,
    // A leader that is lost is found again while the same numbers are still being tried, so that a repeat is known as one.
    metadataMaxAge: 1_000,
  })
  const admin = new kafka.Admin({ ...common, retries: 1 })
  const member = new kafka.Consumer({
    ...group,
    retries: 5,
    sessionTimeout: sessionMs,
    rebalanceTimeout: sessionMs,
    heartbeatInterval: Math.round(sessionMs / HEARTBEATS),
    // A join may wait for as long as the slowest member has to come back.
    requestTimeout: sessionMs + REQUEST_MS,
    // Members keep what they have while others come and go: only what moves is handed over.
    protocols: [{ name: kafka.COOPERATIVE_STICKY_ASSIGNOR, version: 3 }],
    protocolsMetadata: () => beforeJoin().then(() => Buffer.alloc(0)),
  })
  const reader = new kafka.Consumer({ ...group, retries: 0 })
  for (const consumer of [member, reader]) consumer.topics.track(address.topic)
  return {
    producer,
    admin,
    member,
    reader,
    spread: (key) => kafka.compatibilityPartitioner(undefined as never, key),
    close: async () => void (await Promise.allSettled([producer, admin, member, reader].map((one) => one.close()))),
  }
}

const CONNECT_MS = 3_000
const REQUEST_MS = 5_000
const RETRY_MS = 200
const METADATA_MS = 5_000
/** In one session: the next one brings the news that others came or went. */
const HEARTBEATS = 12

async function tlsOf({ tls, servers }: Address) {
  if (!tls) return {}
  // Sent along, so that one machine may serve several clusters; an IP address is no name.
  const tlsServerName = servers.some((server) => isIP(server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) === 0)
  if (tls.ca === null) return { tls: {}, tlsServerName }
  const own = await readFile(tls.ca, 'utf8').catch(() => {
    throw refused(`ca=${tls.ca} cannot be read`)
  })
  return { tls: { ca: [...rootCertificates, own] }, tlsServerName }
}

async function load(): Promise<typeof Kafka> {
  try {
    return await import('@platformatic/kafka')
  } catch (error) {
    throw failure('peer_missing', { feature: 'A broker in Kafka', name: '@platformatic/kafka' }, { cause: error })
  }
}
