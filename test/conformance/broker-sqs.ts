import { SQS } from '@aws-sdk/client-sqs'
import type { Broker } from '../../src/broker/broker.ts'
import { openSqsBroker } from '../../src/broker/sqs.ts'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { BrokerHarness } from '../../src/testing/broker-harness.ts'
import type { Sqs } from '../services/sqs.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'

/** As short as SQS counts. */
const LENT_MS = 1_000
const FIFO = { FifoQueue: 'true' }
let queues = 0

/** A queue of its own in an emulator, which is reached through a proxy. */
export const onSqs = (
  server: () => Promise<Sqs>,
  { fifo, restart }: { fifo: boolean; restart: boolean },
): BrokerHarness => ({
  offers: ['cut', 'raw', 'shared', ...(restart ? (['restart'] as const) : [])],
  version: async () => (await server()).version,
  async open() {
    const { url, restart } = await server()
    const direct = clientOf(url)
    const name = `hookkeeper-${process.pid}-${++queues}${fifo ? '.fifo' : ''}`
    await direct.createQueue({ QueueName: name, Attributes: fifo ? FIFO : {} })
    const queueUrl = `${url}/000000000000/${name}`
    const proxy = await new TcpProxy({ port: Number(new URL(url).port) }).start()
    const brokers: Broker[] = []
    const another = async () => {
      const broker = await openAt(proxy.url(queueUrl))
      brokers.push(broker)
      return broker
    }
    return {
      broker: await another(),
      lentMs: LENT_MS,
      another,
      restart: async () => restart?.(),
      async cut() {
        await proxy.refuse()
        proxy.cut()
      },
      heal: () => proxy.heal(),
      async raw(body) {
        const group = fifo ? { MessageGroupId: 'foreign', MessageDeduplicationId: `${process.pid}-${++queues}` } : {}
        await direct.sendMessage({ QueueUrl: queueUrl, MessageBody: Buffer.from(body).toString(), ...group })
      },
      async close() {
        await proxy.heal()
        for (const broker of brokers) await broker.close()
        await proxy.close()
        await direct.deleteQueue({ QueueUrl: queueUrl })
        direct.destroy()
      },
    }
  },
})

export const openAt = (url: string): Promise<Broker> =>
  openSqsBroker({ url, clock: systemClock, random: seeded(1), log: silent, lentMs: LENT_MS })

/** The service itself, past the driver. */
export const clientOf = (endpoint: string): SQS =>
  new SQS({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } })
