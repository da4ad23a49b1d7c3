import { randomBytes } from 'node:crypto'
import type { Get, Ground } from './ground.ts'

// Of one run: a service that runs anyway may serve two of them, and be left as it was.
const NAME = `hookkeeper-demo-${randomBytes(4).toString('hex')}`

/** Each by its name on the command line. What only one of them needs is loaded when it is the one. */
export const TOPOLOGIES: Readonly<Record<string, (get: Get) => Promise<Ground>>> = {
  redis,
  kafka,
  sqs,
  pubsub,
  postgres,
}

async function redis(get: Get): Promise<Ground> {
  const { ask, redisServer } = await import('../services/redis-server.ts')
  const { service, ours } = await get('redis', redisServer)
  return {
    ...before('Redis', service.version, `${service.url}?stream=${NAME}`),
    ...(!ours && { leave: async () => void (await ask(service.url, 'DEL', NAME)) }),
  }
}

async function kafka(get: Get): Promise<Ground> {
  const [{ Admin }, { kafkaServer }] = await Promise.all([
    import('@platformatic/kafka'),
    import('../services/kafka-server.ts'),
  ])
  const { service, ours } = await get('kafka', kafkaServer)
  const admin = async (work: (admin: InstanceType<typeof Admin>) => Promise<unknown>) => {
    const one = new Admin({ clientId: NAME, bootstrapBrokers: service.servers.split(',') })
    await work(one).finally(() => one.close())
  }
  await admin((one) => one.createTopics({ topics: [NAME], partitions: 6, replicas: 1 }))
  return {
    ...before('Kafka', service.version, `kafka://${service.servers}/${NAME}`),
    ...(!ours && { leave: () => admin((one) => one.deleteTopics({ topics: [NAME] })) }),
  }
}

async function sqs(get: Get): Promise<Ground> {
  const [{ clientOf }, { fauxqsServer }] = await Promise.all([
    import('../conformance/broker-sqs.ts'),
    import('../services/fauxqs-server.ts'),
  ])
  // The emulator takes anybody, but no client goes without a name.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', AWS_REGION: 'us-east-1' })
  const { service, ours } = await get('sqs', fauxqsServer)
  const client = clientOf(service.url)
  const { QueueUrl } = await client.createQueue({ QueueName: NAME })
  return {
    ...before('SQS', service.version, `${service.url}/000000000000/${NAME}`),
    leave: async () => {
      if (!ours) await client.deleteQueue({ QueueUrl })
      client.destroy()
    },
  }
}

async function pubsub(get: Get): Promise<Ground> {
  const [{ clientOf, makeTopic }, { pubsubServer }] = await Promise.all([
    import('../conformance/broker-pubsub.ts'),
    import('../services/pubsub-server.ts'),
  ])
  const { service, ours } = await get('pubsub', pubsubServer)
  const client = clientOf(service.host)
  await makeTopic(client, NAME, { ackDeadlineSeconds: 60 })
  return {
    ...before('Pub/Sub', service.version, `pubsub://hookkeeper/${NAME}/${NAME}?emulator=${service.host}`),
    leave: async () => {
      if (!ours) await Promise.all([client.subscription(NAME).delete(), client.topic(NAME).delete()])
      await client.close()
    },
  }
}

async function postgres(get: Get): Promise<Ground> {
  const [{ postgres18Server, postgresServer }, { postgresBooks }] = await Promise.all([
    import('../services/postgres-server.ts'),
    import('./postgres-books.ts'),
  ])
  const given = process.env[postgresServer.env] !== undefined
  const had = given || (await postgresServer.present())
  const { service, ours } = await get('postgres', had ? postgresServer : postgres18Server)
  const books = await postgresBooks(service.url, { name: NAME, ours })
  const name = `Postgres ${service.version.split(' ')[0]}, no broker`
  return { name, settings: { databaseUrl: books.url, migrate: 'apply' }, books, leave: books.leave }
}

const before = (name: string, version: string, url: string) => ({
  name: `${version.startsWith(name) ? version : `${name} (${version})`} before SQLite`,
  settings: { 'broker.url': url },
  books: null,
})
