import { randomUUID } from 'node:crypto'
import { elasticMqVersion, elasticmqServer, startElasticMq } from '../../test/services/elasticmq-server.ts'
import { fauxqsServer, fauxqsVersion } from '../../test/services/fauxqs-server.ts'
import { kafkaServer, kafkaVersion } from '../../test/services/kafka-server.ts'
import { Place } from '../../test/services/place.ts'
import { pubsubServer, pubsubVersion } from '../../test/services/pubsub-server.ts'
import type { Recipe } from '../../test/services/recipe.ts'
import { redisServer, startRedis } from '../../test/services/redis-server.ts'
import type { RunningService } from '../services.ts'

export const STANDS = ['redis', 'kafka', 'elasticmq', 'fauxqs', 'pubsub'] as const
export type StandName = (typeof STANDS)[number]

/** A broker's service for one run, fresh, with an empty stream, topic or queue in it. `url` is what `BROKER_URL` would say. */
export async function startBroker(name: StandName, under: string): Promise<RunningService> {
  const place = new Place(`bench-${name}`, { under })
  try {
    const url = await ways[name](place)
    return { url, pid: place.pids[0] ?? 0, stop: () => place.end() }
  } catch (error) {
    await place.end()
    throw error
  }
}

const ways: Readonly<Record<StandName, (place: Place) => Promise<string>>> = {
  redis: async (place) => `${(await started({ ...redisServer, start: roomy }, place)).url}?stream=bench`,
  kafka: async (place) => {
    const { servers } = await started(kafkaServer, place)
    const { Admin } = await import('@platformatic/kafka')
    const admin = new Admin({ clientId: 'bench', bootstrapBrokers: servers.split(',') })
    await admin.createTopics({ topics: [NAME], partitions: PARTITIONS, replicas: 1, configs: AS_IT_COMES })
    await admin.close()
    return `kafka://${servers}/${NAME}`
  },
  elasticmq: async (place) => queueAt((await started({ ...elasticmqServer, start: inMemory }, place)).url),
  fauxqs: async (place) => queueAt((await started(fauxqsServer, place)).url),
  pubsub: async (place) => {
    const { host } = await started(pubsubServer, place)
    // Its client looks for the machine's metadata otherwise, for seconds.
    process.env['METADATA_SERVER_DETECTION'] = 'none'
    const { PubSub } = await import('@google-cloud/pubsub')
    const client = new PubSub({ projectId: NAME, apiEndpoint: host, emulatorMode: true })
    const [topic] = await client.createTopic(NAME)
    await topic.createSubscription(NAME, { ackDeadlineSeconds: 60 })
    await client.close()
    return `pubsub://${NAME}/${NAME}/${NAME}?emulator=${host}`
  },
}

// A fast machine takes more within a run than the tests' server may keep.
const roomy = (place: Place) => startRedis(place, { maxmemory: '4gb' })
// As the other emulators, and as it comes: on a disk it takes 30 ms for a message.
const inMemory = (place: Place) => startElasticMq(place, { keeps: false })

const NAME = 'bench'
/** As many as an ordinary topic has. */
const PARTITIONS = 6
// The tests' server syncs each append. As Kafka comes, its answer means that all replicas have it, and disks are left to the system.
const AS_IT_COMES = [{ name: 'flush.messages', value: `${2n ** 63n - 1n}` }]

async function started<V>(recipe: Recipe<V>, place: Place): Promise<V> {
  if (!(await recipe.present())) await recipe.install()
  return recipe.start(place)
}

/** A standard queue: it keeps no order, and its requests hold what comes. */
async function queueAt(endpoint: string): Promise<string> {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
  const { SQS } = await import('@aws-sdk/client-sqs')
  const sqs = new SQS({ region: 'us-east-1', endpoint, credentials })
  const QueueName = `bench-${randomUUID().slice(0, 8)}`
  await sqs.createQueue({ QueueName, Attributes: { VisibilityTimeout: '60' } })
  sqs.destroy()
  return `${endpoint}/000000000000/${QueueName}`
}

/** What the figures were measured with, Redis apart. */
export const brokerVersions = async (): Promise<string> =>
  [kafkaVersion, elasticMqVersion, await fauxqsVersion(), await pubsubVersion()].join(', ')
