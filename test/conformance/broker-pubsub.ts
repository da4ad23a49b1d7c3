import { PubSub } from '@google-cloud/pubsub'
import type { Broker } from '../../src/broker/broker.ts'
import { openPubsubBroker } from '../../src/broker/pubsub.ts'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { BrokerHarness } from '../../src/testing/broker-harness.ts'
import type { PubsubServer } from '../services/pubsub-server.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'

// Google's client looks for the machine's metadata otherwise, for seconds.
process.env['METADATA_SERVER_DETECTION'] = 'none'

const PROJECT = 'hookkeeper'
/** As short as Pub/Sub counts. */
const LENT_MS = 1_000
let topics = 0

/** A topic and a subscription of its own in an emulator, which is reached through a proxy. */
export const onPubsub = (server: () => Promise<PubsubServer>, { ordered }: { ordered: boolean }): BrokerHarness => ({
  offers: ['cut', 'raw', 'shared'],
  version: async () => (await server()).version,
  async open() {
    const { host, port } = await server()
    const direct = clientOf(host)
    const name = `hooks-${process.pid}-${++topics}`
    await makeTopic(direct, name, { enableMessageOrdering: ordered })
    const proxy = await new TcpProxy({ port }).start()
    const url = `pubsub://${PROJECT}/${name}/${name}?emulator=127.0.0.1:${proxy.port}`
    const brokers: Broker[] = []
    const another = async () => {
      const broker = await openAt(url)
      brokers.push(broker)
      return broker
    }
    return {
      broker: await another(),
      lentMs: LENT_MS,
      another,
      restart: async () => {},
      async cut() {
        await proxy.refuse()
        proxy.cut()
      },
      heal: () => proxy.heal(),
      async raw(body) {
        await direct.topic(name).publishMessage({ data: Buffer.from(body) })
      },
      async close() {
        await proxy.heal()
        for (const broker of brokers) await broker.close()
        await proxy.close()
        await direct.subscription(name).delete()
        await direct.topic(name).delete()
        await direct.close()
      },
    }
  },
})

export const openAt = (url: string, lentMs = LENT_MS): Promise<Broker> =>
  openPubsubBroker({ url, clock: systemClock, random: seeded(1), log: silent, lentMs })

/** The service itself, past the driver. */
export const clientOf = (host: string): PubSub =>
  new PubSub({ projectId: PROJECT, apiEndpoint: host, emulatorMode: true })

/** With a subscription of the same name, set as `check` wants it, but for what is said. */
export async function makeTopic(client: PubSub, name: string, over: object): Promise<void> {
  const [topic] = await client.createTopic(name)
  const settings = { ackDeadlineSeconds: LENT_MS / 1_000, messageRetentionDuration: 604_800, expirationPolicy: {} }
  await topic.createSubscription(name, { ...settings, ...over })
}
