import { randomUUID } from 'node:crypto'
import type { Broker } from '../../src/broker/broker.ts'
import { openRedisBroker } from '../../src/broker/redis.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { BrokerHarness } from '../../src/testing/broker-harness.ts'
import { ask, type Redis } from '../services/redis-server.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'

const LENT_MS = 1_000

/** A stream of its own in one Redis for each call, by way of a proxy that can be cut. */
export function onRedis(ready: () => Promise<Redis>, offers: BrokerHarness['offers']): BrokerHarness {
  return {
    offers,
    version: async () => `Redis ${(await ready()).version}`,
    async open() {
      const redis = await ready()
      const proxy = await new TcpProxy({ port: redis.port }).start()
      const stream = `hooks-${randomUUID().slice(0, 8)}`
      const opened: Broker[] = []
      const another = async () => {
        const broker = await open(`${proxy.url(redis.url)}?stream=${stream}`)
        opened.push(broker)
        return broker
      }
      return {
        broker: await another(),
        lentMs: LENT_MS,
        another,
        async restart() {
          await redis.kill()
          await redis.start()
        },
        async cut() {
          await proxy.refuse()
          proxy.cut()
        },
        heal: () => proxy.heal(),
        raw: async (body) => void (await ask(redis.url, 'XADD', stream, '*', 'event', Buffer.from(body).toString())),
        async close() {
          await Promise.all(opened.map((broker) => broker.close()))
          await proxy.close()
          await ask(redis.url, 'DEL', stream)
        },
      }
    },
  }
}

export const open = (url: string, lentMs = LENT_MS): Promise<Broker> =>
  openRedisBroker({ url, clock: systemClock, random: systemRandom, log: silent, lentMs })
