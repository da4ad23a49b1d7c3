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
import type { OpenFront } from '../cluster/scene.ts'
import { leaderLost, lostLocks, rebalances, troubles } from './faults.ts'

/** What goes with a broker. */
export interface With {
  readonly spool: boolean
  /** Redlock around the work, and what is done without its quorum. */
  readonly locks: false | 'wait' | 'fence-only'
}

/** Loans of a process that was killed come again after that, where nobody notices sooner. */
const ENV = { HOOKKEEPER_BROKER_LENT_MS: '5000', METADATA_SERVER_DETECTION: 'none' }
const NAME = 'hooks'

export const FRONTS: Readonly<Record<string, OpenFront>> = {
  async redis(place, ends) {
    const redis = await startRedis(place)
    const proxy = await proxied(redis.port, ends)
    return {
      env: { BROKER_URL: `${proxy.url(redis.url)}?stream=${NAME}` },
      faults: troubles(redis, [proxy]),
      waiting: async () => numberIn(await ask(redis.url, 'XLEN', NAME)),
    }
  },

  async kafka(place, ends) {
    const kafka = await kafkaTrio.start(place)
    const admin = new Admin({ clientId: 'chaos', bootstrapBrokers: kafka.servers.split(',') })
    ends.defer(() => admin.close())
    await admin.createTopics({
      topics: [NAME],
      partitions: 8,
      replicas: 3,
      configs: [{ name: 'min.insync.replicas', value: '2' }],
    })
    const proxies = await Promise.all(
      kafka.nodes.map(({ proxiedPort, proxyPort }) => proxied(proxiedPort, ends, proxyPort)),
    )
    const all = {
      kill: async () => void (await Promise.all(kafka.nodes.map((node) => node.kill()))),
      start: () => Promise.all(kafka.nodes.map((node) => node.start())),
    }
    const servers = proxies.map(({ port }) => `127.0.0.1:${port}`).join(',')
    return {
      env: { BROKER_URL: `kafka://${servers}/${NAME}` },
      faults: [...troubles(all, proxies), leaderLost(kafka.nodes[0]!), rebalances],
      // What is acknowledged stays in a topic.
      waiting: null,
    }
  },

  async sqs(place, ends) {
    const { url, restart } = await startElasticMq(place)
    const client = sqsAt(url)
    ends.defer(() => client.destroy())
    await client.createQueue({ QueueName: NAME })
    const queue = `${url}/000000000000/${NAME}`
    const proxy = await proxied(Number(new URL(url).port), ends)
    // It is killed when it is started again: until then nobody gets through.
    const service = {
      kill: () => unreachable(proxy),
      start: async () => {
        await restart?.()
        await proxy.heal()
      },
    }
    return {
      env: {
        BROKER_URL: proxy.url(queue),
        AWS_ACCESS_KEY_ID: 'any',
        AWS_SECRET_ACCESS_KEY: 'any',
        AWS_REGION: 'us-east-1',
      },
      faults: troubles(service, [proxy]),
      async waiting() {
        const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const
        const { Attributes = {} } = await client.getQueueAttributes({ QueueUrl: queue, AttributeNames: [...names] })
        return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0)
      },
    }
  },

  async pubsub(place, ends) {
    const { host, port } = await startPubsub(place)
    const client = pubsubAt(host)
    ends.defer(() => client.close())
    await makeTopic(client, NAME, { ackDeadlineSeconds: 10, enableMessageOrdering: true })
    const proxy = await proxied(port, ends)
    return {
      env: { BROKER_URL: `pubsub://hookkeeper/${NAME}/${NAME}?emulator=127.0.0.1:${proxy.port}` },
      // What it has is in its memory: it goes on, and nobody reaches it.
      faults: troubles({ kill: () => unreachable(proxy), start: () => proxy.heal() }, [proxy]),
      // It has nothing to ask.
      waiting: null,
    }
  },
}

/** With a disk before it, and locks around the work, where that is asked for. */
export const frontWith =
  (open: OpenFront, { spool, locks }: With): OpenFront =>
  async (place, ends) => {
    const front = await open(place, ends)
    const nodes = locks ? await Promise.all([1, 2, 3].map(() => startRedis(place))) : []
    return {
      ...front,
      env: {
        ...ENV,
        ...front.env,
        ...(spool && (await spoolIn(place))),
        ...(locks && { LOCK_URLS: nodes.map(({ url }) => url).join(','), HOOKKEEPER_LOCK_WHEN_LOST: locks }),
      },
      // What else may fail does so as it does with locks that wait.
      faults: [...(locks === 'fence-only' ? [] : front.faults), ...(locks ? lostLocks(nodes, locks) : [])],
    }
  }

const spoolIn = async (place: Place) => ({ HOOKKEEPER_SPOOL: join(await place.folder(), 'spool') })

async function proxied(to: number, ends: AsyncDisposableStack, port = 0): Promise<TcpProxy> {
  const proxy = await new TcpProxy({ port: to }).start(port)
  ends.defer(() => proxy.close())
  return proxy
}

async function unreachable(proxy: TcpProxy): Promise<void> {
  await proxy.refuse()
  proxy.cut()
}

const numberIn = (answer: string): number => Number(/:(\d+)/.exec(answer)?.[1] ?? 0)
