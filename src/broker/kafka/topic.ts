import type { Clients } from './clients.ts'
import { BATCH_BYTES, BESIDE_BYTES } from './wire.ts'

/** What the topic is set to, as far as Kafka lets us see it. */
export interface TopicFacts {
  readonly partitions: number
  /** Of the partition that has the fewest copies. */
  readonly copies: number
  /** How many brokers there are to copy to. */
  readonly brokers: number
  /** Empty when this user may not see them. */
  readonly settings: ReadonlyMap<string, string>
}

const TOPIC = 2
/** Kafka's own default of max.message.bytes. */
export const BATCH_BYTES_DEFAULT = 1_048_588
/** More than this is handed over by no sender of events. */
const BODY_BYTES_CAP = 16 * 1024 * 1024

export const bodyBytesOf = (batchBytesMax: number): number =>
  Math.min(Math.max(batchBytesMax - BATCH_BYTES - BESIDE_BYTES, 1), BODY_BYTES_CAP)

/** Null: the topic is not there. Rejects as the client does when Kafka cannot be asked. */
export async function topicFacts(admin: Clients['admin'], topic: string): Promise<TopicFacts | null> {
  const cluster = await admin.metadata({ topics: [topic], forceUpdate: true }).catch(missing)
  const known = cluster?.topics.get(topic)
  if (!cluster || !known) return null
  const settings = await settingsOf(admin, topic)
  const copies = known.partitions.map(({ replicas }) => replicas.length)
  return { partitions: known.partitionsCount, copies: Math.min(...copies), brokers: cluster.brokers.size, settings }
}

/** Three copies of which two have to have heard, where there are three brokers. Harmless when somebody else made it just now. */
export async function createTopic(admin: Clients['admin'], topic: string, partitions: number): Promise<void> {
  const brokers = (await admin.metadata({ topics: [] })).brokers.size
  const replicas = Math.min(brokers, 3)
  const configs = replicas === 3 ? [{ name: 'min.insync.replicas', value: '2' }] : []
  await admin.createTopics({ topics: [topic], partitions, replicas, configs }).catch((error: unknown) => {
    if (!(error instanceof Error && 'findBy' in error && (error as Found).findBy('apiId', 'TOPIC_ALREADY_EXISTS')))
      throw error
  })
}

interface Found extends Error {
  findBy(property: string, value: unknown): unknown
}

function missing(error: unknown): null {
  if (error instanceof Error && /Unknown topic/.test(`${error.message} ${(error.cause as Error)?.message ?? ''}`))
    return null
  throw error
}

async function settingsOf(admin: Clients['admin'], topic: string): Promise<Map<string, string>> {
  const resources = [{ resourceType: TOPIC, resourceName: topic, configurationKeys: null } as const]
  const [described] = await admin.describeConfigs({ resources }).catch(() => [])
  return new Map((described?.configs ?? []).map(({ name, value }) => [name, value ?? '']))
}
