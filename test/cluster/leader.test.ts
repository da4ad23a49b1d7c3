import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { leadBy } from '../../src/cluster/leader.ts'
import { Locks } from '../../src/cluster/locks.ts'
import { createCluster } from '../../src/cluster.ts'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Lead } from '../../src/store/store.ts'
import { until } from '../../src/testing/broker/promise.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { startRedis } from '../services/redis-server.ts'
import { database } from './on-postgres.ts'

test('of two processes one leads at a time, and the other one after it', { skip: redis.skip }, async (t) => {
  const { url } = await redis.ready()
  const [one, other] = [await leader(t, [url]), await leader(t, [url])]
  const done: string[] = []

  await one('trial', async () => {
    await other('trial', async () => void done.push('other, beside one'))
    await other('something else', async () => void done.push('other, something else'))
    done.push('one')
  })
  await other('trial', async () => void done.push('other'))

  assert.deepEqual(done, ['other, something else', 'one', 'other'])
})

test('without a quorum nobody leads, or, by the fence alone, whoever comes', { skip: redis.skip }, async (t) => {
  const place = new Place('leader')
  t.after(() => place.end())
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis(place)))
  const urls = nodes.map(({ url }) => url)
  const [waits, goesOn] = [await leader(t, urls), await leader(t, urls, 'fence-only')]
  await Promise.all(nodes.slice(1).map((node) => node.kill()))
  const done: string[] = []

  await waits('trial', async () => void done.push('waits'))
  await goesOn('trial', async () => void done.push('goes on'))
  assert.deepEqual(done, ['goes on'])

  await nodes[1]?.start()
  await until(async () => {
    await waits('trial', async () => void done.push('waits'))
    return done.includes('waits')
  }, 'somebody leads again')
})

test('what breaks while one leads is not mistaken for a lock that cannot be had', { skip: redis.skip }, async (t) => {
  const { url } = await redis.ready()
  const lead = await leader(t, [url], 'fence-only')
  let begun = 0
  const breaks = lead('breaks', async () => {
    begun++
    throw new Error('broken')
  })

  await assert.rejects(breaks, /broken/)
  assert.equal(begun, 1)
})

test('retention leaves a ledger in Postgres to whoever leads', { skip: postgres.skip }, async (t) => {
  const clock = new VirtualClock()
  const asked: string[] = []
  const lead: Lead = async (name) => void asked.push(name)
  const url = await database(t)
  const store = await openPostgres({ url, migrates: true, clock, lead, retention: { everyMs: 1_000 } })
  t.after(() => store.close())

  await clock.advance(1_000)

  assert.deepEqual(asked, ['retention'])
  assert.notEqual(await store.locks.take('retention', 'nobody took it', 1_000), null)
})

async function leader(t: TestContext, urls: readonly string[], whenLost: 'wait' | 'fence-only' = 'wait') {
  const { base } = createCluster({ lock: { urls, whenLost }, logger: silent })
  const locks = new Locks(base)
  await locks.start()
  t.after(() => locks.stop())
  return leadBy(base, () => locks)
}
