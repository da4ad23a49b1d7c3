import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { makeTopic, clientOf as pubsubAt } from '../../conformance/broker-pubsub.ts'
import { clientOf as sqsAt } from '../../conformance/broker-sqs.ts'
import { startElasticMq } from '../../services/elasticmq-server.ts'
import { kafkaTrio } from '../../services/kafka-server.ts'
import type { Place } from '../../services/place.ts'
import { startPubsub } from '../../services/pubsub-server.ts'
import { ask, startRedis } from '../../services/redis-server.ts'
import { TcpProxy } from '../../services/tcp-proxy.ts'
import type { Front } from '../cluster/trial.ts'
import { lostLocks, rebalances, troubles } from './faults.ts'

/** What goes with a broker. */
export interface With {
  readonly spool: boolean
  readonly locks: boolean
}

/** Loans of a process that was killed come again after that, where nobody notices sooner. */
const ENV = { HOOKKEEPER_BROKER_LENT_MS: '5000', METADATA_SERVER_DETECTION: 'none' }
const NAME = 'hooks'

export const FRONTS: Readonly<Record<string, (place: Place, also: With) => Promise<Front>>> = {
  redis: async (place, also) => {
    const redis = await startRedis(place)
    const proxy = await new TcpProxy({ port: redis.port }).start()
    return whole(place, also, {
      env: { BROKER_URL: `${proxy.url(redis.url)}?stream=${NAME}` },
      faults: troubles(redis, [proxy]),
      waiting: async () => numberIn(await ask(redis.url, 'XLEN', NAME)),
      close: () => proxy.close(),
    })
  },

  kafka: async (place, also) => {
    const kafka = await kafkaTrio.start(place)
    const admin = new Admin({ clientId: 'chaos', bootstrapBrokers: kafka.servers.split(',') })
    await admin.createTopics({
      topics: [NAME],
      partitions: 8,
      replicas: 3,
      configs: [{ name: 'min.insync.replicas', value: '2' }],
    })
    const proxies = await Promise.all(
      kafka.nodes.map(({ proxiedPort, proxyPort }) => new TcpProxy({ port: proxiedPort }).start(proxyPort)),
    )
    const all = {
      kill: async () => void (await Promise.all(kafka.nodes.map((node) => node.kill()))),
      start: () => Promise.all(kafka.nodes.map((node) => node.start())),
    }
    const servers = proxies.map(({ port }) => `127.0.0.1:${port}`).join(',')
    const leader = {
      name: 'one of three brokers gone, and with it the leader of some partitions',
      run: troubles(kafka.nodes[0]!, [])[1]!.run,
    }
    return whole(place, also, {
      env: { BROKER_URL: `kafka://${servers}/${NAME}` },
      faults: [...troubles(all, proxies), leader, rebalances],
      // What is acknowledged stays in a topic.
      waiting: null,
      async close() {
        await admin.close()
        await Promise.all(proxies.map((proxy) => proxy.close()))
        await kafka.stop()
      },
    })
  },

  sqs: async (place, also) => {
    const { url, restart } = await startElasticMq(place)
    const client = sqsAt(url)
    await client.createQueue({ QueueName: NAME })
    const queue = `${url}/000000000000/${NAME}`
    const proxy = await new TcpProxy({ port: Number(new URL(url).port) }).start()
    return whole(place, also, {
      env: {
        BROKER_URL: proxy.url(queue),
        AWS_ACCESS_KEY_ID: 'any',
        AWS_SECRET_ACCESS_KEY: 'any',
        AWS_REGION: 'us-east-1',
      },
      // It is killed when it is started again: until then nobody gets through.
      faults: troubles(
        {
          kill: () => proxy.refuse().then(() => proxy.cut()),
          start: () => restart?.().then(() => proxy.heal()) ?? proxy.heal(),
        },
        [proxy],
      ),
      async waiting() {
        const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const
        const { Attributes = {} } = await client.getQueueAttributes({ QueueUrl: queue, AttributeNames: [...names] })
        return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0)
      },
      async close() {
        client.destroy()
        await proxy.close()
      },
    })
  },

  pubsub: async (place, also) => {
    const { host, port } = await startPubsub(place)
    const client = pubsubAt(host)
    await makeTopic(client, NAME, { ackDeadlineSeconds: 10, enableMessageOrdering: true })
    const proxy = await new TcpProxy({ port }).start()
    return whole(place, also, {
      env: { BROKER_URL: `pubsub://hookkeeper/${NAME}/${NAME}?emulator=127.0.0.1:${proxy.port}` },
      // What it has is in its memory: it goes on, and nobody reaches it.
      faults: troubles({ kill: () => proxy.refuse().then(() => proxy.cut()), start: () => proxy.heal() }, [proxy]),
      // It has nothing to ask.
      waiting: null,
      async close() {
        await client.close()
        await proxy.close()
      },
    })
  },
}

/** With a disk before it, and locks around the work, where that is asked for. */
async function whole(place: Place, { spool, locks }: With, front: Front): Promise<Front> {
  const nodes = locks ? await Promise.all([1, 2, 3].map(() => startRedis(place))) : []
  return {
    ...front,
    env: {
      ...ENV,
      ...front.env,
      ...(spool && { HOOKKEEPER_SPOOL: join(await place.folder(), 'spool') }),
      ...(locks && { LOCK_URLS: nodes.map(({ url }) => url).join(',') }),
    },
    faults: [...front.faults, ...(locks ? lostLocks(nodes) : [])],
  }
}

const numberIn = (answer: string): number => Number(/:(\d+)/.exec(answer)?.[1] ?? 0)
