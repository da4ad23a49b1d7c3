import { describe, test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { Lock } from '../../src/lock/lock.ts'
import { openRedlock } from '../../src/lock/redlock.ts'
import { type HoldHarness, holdSuite } from '../../src/testing/hold-suite.ts'
import { ask, type Redis } from '../services/redis-server.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'
import { record } from './kept.ts'

const TTL_MS = 1_800
const NODE_MS = 400

/** Locks over Redises that are there already; what one trial leaves behind is removed before the next. */
export function redlockOver(ready: () => Promise<readonly Redis[]>, offers: HoldHarness['offers']): HoldHarness {
  return {
    offers,
    version: async () => `Redis ${(await ready())[0]?.version}`,
    async open() {
      const nodes = await ready()
      const ends: (() => Promise<void>)[] = []
      const gone: Redis[] = []
      const open = async (urls: readonly string[]): Promise<Lock> => {
        const lock = await lockOver(urls)
        ends.push(() => lock.close())
        return lock
      }
      const another = () => open(nodes.map(({ url }) => url))
      return {
        lock: await another(),
        ttlMs: TTL_MS,
        another,
        async mortal() {
          const proxies = await Promise.all(nodes.map(({ port }) => new TcpProxy({ port }).start()))
          ends.push(async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))))
          const lock = await open(nodes.map(({ url }, n) => proxies[n]!.url(url)))
          return { lock, die: async () => void proxies.map((proxy) => proxy.freeze()) }
        },
        takeAway: async (name) =>
          void (await Promise.all(nodes.map(({ url }) => ask(url, 'DEL', `hookkeeper:lock:${name}`)))),
        async gone(count) {
          gone.push(...nodes.slice(0, count))
          await Promise.all(gone.map((node) => node.kill()))
        },
        async back() {
          await Promise.all(gone.splice(0).map((node) => node.start()))
        },
        async close() {
          await Promise.all(ends.map((end) => end()))
          await Promise.all(gone.splice(0).map((node) => node.start()))
          await Promise.all(nodes.map(({ url }) => ask(url, 'FLUSHDB')))
        },
      }
    },
  }
}

export const lockOver = (urls: readonly string[]): Promise<Lock> =>
  openRedlock({ urls, clock: systemClock, random: systemRandom, log: silent, nodeMs: NODE_MS })

/** Tries every promise whose needs the harness offers. */
export function keepsHoldPromises(
  name: string,
  harness: HoldHarness,
  options: { skip?: string | false; driver?: string } = {},
): void {
  const kept = options.driver ? record('lock', options.driver, harness) : () => {}
  describe(`${name}, lock`, { skip: options.skip ?? false }, () => {
    for (const promise of holdSuite.filter(({ needs }) => needs.every((need) => harness.offers.includes(need))))
      test(promise.name, { timeout: 60_000 }, () => promise.run(harness).then(() => kept(promise.name)))
  })
}
