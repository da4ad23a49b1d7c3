import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Cluster, createCluster } from '../../src/cluster.ts'
import { systemClock } from '../../src/core/clock.ts'
import { systemRandom } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { openRedlock } from '../../src/lock/redlock.ts'
import { eventBody, SECRET, signatureOf } from '../chaos/delivery.ts'
import { folderFor } from '../chaos/here.ts'
import { Place } from '../services/place.ts'
import { redis } from '../services/redis.ts'
import { startRedis } from '../services/redis-server.ts'

test('a lane that is locked elsewhere waits, uncounted; without a quorum deliveries are taken, readiness is red and work waits', {
  skip: redis.skip,
}, async (t) => {
  const place = new Place('locks')
  t.after(() => place.end())
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis(place)))
  const urls = nodes.map(({ url }) => url)
  const cluster = locked(t, urls)
  const worked: string[] = []
  cluster.on('*', ({ id }) => void worked.push(id))
  await cluster.start()
  await deliver(cluster, 'evt_1')
  const [first] = await done(cluster, 1)
  assert.ok(first)

  const elsewhere = await openRedlock({ urls, clock: systemClock, random: systemRandom, log: silent })
  t.after(() => elsewhere.close())
  await elsewhere.hold(`lane:${first.lane}`, 10_000, async () => {
    await deliver(cluster, 'evt_2')
    await deliver(cluster, 'evt_3', 'cus_free')
    await done(cluster, 2)
    assert.deepEqual(worked, ['evt_1', 'evt_3'])
  })
  assert.ok((await done(cluster, 3)).every(({ attempts }) => attempts === 1))

  await Promise.all(nodes.slice(1).map((node) => node.kill()))
  await deliver(cluster, 'evt_4')
  const { ok, why } = await cluster.ready()
  assert.deepEqual([ok, why.length], [false, 1])
  assert.match(why[0] ?? '', /^Only 1 of the 3 Redis nodes that give locks answer; 2 have to\./)
  assert.deepEqual(worked, ['evt_1', 'evt_3', 'evt_2'])

  await nodes[1]?.start()
  assert.ok((await done(cluster, 4)).every(({ attempts }) => attempts === 1))
  assert.deepEqual(await cluster.ready(), { ok: true, why: [] })
})

test('a pass that nobody started works under locks and leaves none behind', { skip: redis.skip }, async (t) => {
  const { url } = await redis.ready()
  const cluster = locked(t, [url])
  cluster.on('*', () => {})
  await cluster.workFor({ ms: 1_000 })
  await deliver(cluster, 'evt_1', 'cus_pass')

  assert.equal((await cluster.workFor({ ms: 5_000 })).done, 1)
  const [worked] = await done(cluster, 1)
  const lock = await openRedlock({ urls: [url], clock: systemClock, random: systemRandom, log: silent })
  t.after(() => lock.close())
  assert.equal(await lock.hold(`lane:${worked?.lane}`, 1_000, async () => 'free'), 'free')
})

test('two nodes are refused at the start, with the reason', async (t) => {
  const cluster = locked(t, ['redis://127.0.0.1:1', 'redis://127.0.0.1:2'])

  await assert.rejects(cluster.start(), /LOCK_URLS names two Redis nodes; a quorum needs three or more/)
})

function locked(t: TestContext, urls: readonly string[]): Cluster {
  const cluster = createCluster({
    databaseUrl: `sqlite:${folderFor(t)}/ledger.db`,
    accounts: { default: { webhookSecrets: SECRET } },
    ingestion: { host: '127.0.0.1', port: 0 },
    console: { port: 0 },
    lock: { urls },
    logger: silent,
  })
  t.after(() => cluster.stop())
  return cluster
}

async function deliver(cluster: Cluster, id: string, customer = 'cus_1'): Promise<void> {
  const body = eventBody({ id, customer })
  const headers = { 'stripe-signature': signatureOf(body) }
  const request = new Request('http://localhost/', { method: 'POST', headers, body: new Uint8Array(body) })
  assert.equal((await cluster.fetch(request)).status, 200)
}

/** Asks the ledger until so many are done. */
async function done(cluster: Cluster, count: number) {
  for (const until = systemClock.now() + 15_000; ; ) {
    const { data } = await cluster.store.ledger.find({ state: 'done', limit: 10 })
    if (data.length >= count) return data
    assert.ok(systemClock.now() < until, `${data.length} are done, not ${count}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
