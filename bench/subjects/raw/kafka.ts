import { Producer } from '@platformatic/kafka'
import type { Raw } from './append.ts'

/** Produce at acks -1, idempotent, spread over the partitions in turn. */
export async function openKafka(url: string): Promise<Raw> {
  const [, servers = '', topic = ''] = /^kafka:\/\/([^/]+)\/([^?]+)/.exec(url) ?? []
  const producer = new Producer({ clientId: 'raw', bootstrapBrokers: servers.split(','), idempotent: true })
  return {
    batchMax: 512,
    appendsMax: 1,
    async append(bodies) {
      await producer.send({ messages: bodies.map((value) => ({ topic, value })), acks: -1 })
      return bodies.map(() => null)
    },
    receive: () => Promise.reject(new Error('Kafka is not read here.')),
  }
}
