import { after } from 'node:test'
import { Admin, Producer } from '@platformatic/kafka'
import type { Broker } from '../../src/broker/broker.ts'
import { openKafkaBroker } from '../../src/broker/kafka.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { BrokerHarness, BrokerNeed } from '../../src/testing/broker-harness.ts'
import type { Kafka } from '../services/kafka-server.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'

const LENT_MS = 1_000
const PARTITIONS = 3

let topics = 0

/** A hook that is asked for within a test would be of that test. */
const ends: (() => Promise<unknown>)[] = []
after(() => Promise.allSettled(ends.map((end) => end())))

/** Kafka's own tools, for what a broker's driver does not do. */
export interface Tools {
  readonly admin: Admin
  readonly producer: Producer
  readonly kafka: Kafka
}

/** Ended with the test file. */
export function toolsOf(kafka: Kafka): Tools {
  const client = { clientId: 'test', bootstrapBrokers: kafka.servers.split(',') }
  const tools = { admin: new Admin(client), producer: new Producer({ ...client, metadataMaxAge: 500 }), kafka }
  ends.push(
    () => tools.admin.close(),
    () => tools.producer.close(),
  )
  return tools
}

/** A topic of its own for each call, copied to as many as there are, up to three. */
export async function ownTopic(
  { admin, kafka }: Tools,
  { partitions = PARTITIONS, settings = {} } = {},
): Promise<string> {
  const topic = `hooks-${process.pid}-${++topics}`
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value: String(value) }))
  const replicas = Math.min(kafka.servers.split(',').length, 3)
  await admin.createTopics({ topics: [topic], partitions, replicas, configs })
  return topic
}

export const openAt = (servers: string, topic: string, lentMs = LENT_MS): Promise<Broker> =>
  openUrl(`kafka://${servers}/${topic}`, lentMs)

export const openUrl = (url: string, lentMs = LENT_MS): Promise<Broker> =>
  openKafkaBroker({ url, clock: systemClock, random: systemRandom, log: silent, lentMs })

/** Every broker comes by way of proxies, one before each node, so that the way to all of them can be cut. */
export function onKafka(ready: () => Promise<Kafka>, offers: readonly BrokerNeed[]): BrokerHarness {
  let running: Promise<{ tools: Tools; proxies: TcpProxy[]; servers: string }> | undefined
  const begin = async () => {
    const kafka = await ready()
    const proxies = await Promise.all(
      kafka.nodes.map(({ proxiedPort, proxyPort }) => new TcpProxy({ port: proxiedPort }).start(proxyPort)),
    )
    ends.push(...proxies.map((proxy) => () => proxy.close()))
    const servers = proxies.length > 0 ? proxies.map(({ port }) => `127.0.0.1:${port}`).join(',') : kafka.servers
    return { tools: toolsOf(kafka), proxies, servers }
  }
  return {
    offers,
    version: async () => `Kafka ${(await ready()).version}`,
    async open() {
      running ??= begin()
      const { tools, proxies, servers } = await running
      const topic = await ownTopic(tools)
      const opened: Broker[] = []
      const another = async () => {
        const broker = await openAt(servers, topic)
        opened.push(broker)
        return broker
      }
      const all = (work: (proxy: TcpProxy) => unknown) => Promise.all(proxies.map(work))
      return {
        broker: await another(),
        // One machine has one copy, and is told so.
        expected: ({ what }) => tools.kafka.nodes.length === 1 && what.includes('has one copy'),
        lentMs: LENT_MS,
        another,
        async restart() {
          for (const node of tools.kafka.nodes) await node.kill()
          await Promise.all(tools.kafka.nodes.map((node) => node.start()))
        },
        async cut() {
          await all((proxy) => proxy.refuse())
          await all((proxy) => proxy.cut())
        },
        heal: async () => void (await all((proxy) => proxy.heal())),
        raw: async (body) =>
          void (await tools.producer.send({ messages: [{ topic, value: Buffer.from(body) }], acks: -1 })),
        async close() {
          await all((proxy) => proxy.heal())
          await Promise.all(opened.map((broker) => broker.close()))
        },
      }
    },
  }
}
