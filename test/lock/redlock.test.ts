import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { busy, LockUnavailable } from '../../src/lock/lock.ts'
import { openRedlock } from '../../src/lock/redlock.ts'
import { Place } from '../services/place.ts'
import { redis } from '../services/redis.ts'
import { ask, startRedis } from '../services/redis-server.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'

const open = (urls: readonly string[]) =>
  openRedlock({ urls, clock: systemClock, random: seeded(1), log: silent, nodeMs: 200 })

test('LOCK_URLS that could not be locks are refused with the reason, and without a password', async () => {
  const [a, b, c] = ['redis://u:secret@127.0.0.1:1', 'redis://127.0.0.1:2', 'redis://127.0.0.1:3']
  const refusals: [string[], RegExp][] = [
    [[], /names no Redis/],
    [[a, b], /^LOCK_URLS names two Redis nodes; a quorum needs three or more, or one for a plain lock\.$/],
    [[a, b, 'redis://127.0.0.1:2'], /names 127\.0\.0\.1:2 twice/],
    [[a, b, `${c}/1`], /names several databases/],
    [['redis://127.0.0.1/16'], /database 16; there are 0 to 15/],
    [['http://user:secret@there'], /an entry that is no redis:\/\//],
  ]
  for (const [urls, why] of refusals)
    await assert.rejects(open(urls), (error: Error) => {
      assert.match(error.message, why)
      assert.doesNotMatch(error.message, /secret/)
      return true
    })
})

test('nobody answers: it opens all the same, says so, and nothing is rejected behind its back', async (t) => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  const lock = await open([1, 2, 3].map((port) => `redis://127.0.0.1:${port}`))

  await assert.rejects(
    lock.hold('name', 1_000, async () => 1),
    LockUnavailable,
  )
  assert.match((await lock.ready()) ?? '', /^Too few of the 3 Redis nodes that give locks answer; 2 have to\..*:1,/)
  assert.ok((await lock.check()).every(({ what }) => /does not answer/.test(what)))
  await lock.close()
  assert.deepEqual(unhandled, [])
})

test('of an even number of nodes, half for one and half for another is nobody, soon, and not for ever', {
  skip: redis.skip,
}, async (t) => {
  const place = new Place('four-redises')
  t.after(() => place.end())
  const nodes = await Promise.all([1, 2, 3, 4].map(() => startRedis(place)))
  const lock = await open(nodes.map(({ url }) => url))
  t.after(() => lock.close())
  for (const { url } of nodes.slice(0, 2)) await ask(url, 'SET', 'hookkeeper:lock:name', 'another')

  assert.equal(await lock.hold('name', 1_000, async () => 'held'), busy)
  assert.equal(await ask(nodes[3]!.url, 'EXISTS', 'hookkeeper:lock:name'), ':0\r\n')
  assert.equal(await lock.hold('other name', 1_000, async () => 'held'), 'held')
})

test('a node that was away when a lock was taken has it once it is back, so that another may go', {
  skip: redis.skip,
}, async (t) => {
  const place = new Place('three-redises')
  t.after(() => place.end())
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis(place)))
  const proxy = await new TcpProxy({ port: nodes[2]!.port }).start()
  t.after(() => proxy.close())
  await proxy.refuse()
  const lock = await open([nodes[0]!.url, nodes[1]!.url, proxy.url(nodes[2]!.url)])
  t.after(() => lock.close())

  await lock.hold('name', 900, async (signal) => {
    await proxy.heal()
    while ((await ask(nodes[2]!.url, 'EXISTS', 'hookkeeper:lock:name')) !== ':1\r\n') signal.throwIfAborted()
    await nodes[0]!.kill()
    const until = systemClock.now() + 1_800
    while (systemClock.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      signal.throwIfAborted()
    }
  })
})

test('check finds nodes that evict, forget, follow another, or are one server under two names', {
  skip: redis.skip,
}, async (t) => {
  const place = new Place('odd-redises')
  t.after(() => place.end())
  const master = await startRedis(place, { appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' })
  const replica = await startRedis(place, { replicaof: `127.0.0.1 ${master.port}` })
  const lock = await open([master.url, `redis://localhost:${master.port}`, replica.url])
  t.after(() => lock.close())

  const found = (await lock.check()).map(({ level, what }) => `${level}: ${what}`)
  for (const expected of [
    /^wrong: .* throws locks away when its memory is full \(allkeys-lru\)\.$/,
    /^worth: .* forgets its locks when it is started again\.$/,
    /^wrong: .* is a replica, which gives no locks\.$/,
    /^wrong: localhost:\d+ and 127\.0\.0\.1:\d+ are one Redis, whose vote counts twice\.$/,
  ])
    assert.ok(
      found.some((one) => expected.test(one)),
      `${expected} is not in ${found.join(' ')}`,
    )
})
