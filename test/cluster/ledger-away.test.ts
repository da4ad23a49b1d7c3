import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Cluster, type ClusterOptions, createCluster } from '../../src/cluster.ts'
import { hasCode } from '../../src/core/errors.ts'
import { silent } from '../../src/core/service.ts'
import { until } from '../../src/testing/broker/promise.ts'
import { SECRET } from '../chaos/delivery.ts'
import { MemoryBroker, MemoryService } from '../conformance/memory-broker.ts'
import { postgres } from '../services/postgres.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'
import { database, delivery } from './on-postgres.ts'

test('a process that only takes events into a broker starts while the ledger is away, says so, and finds it', {
  skip: postgres.skip,
}, async (t) => {
  const { url, proxy } = await unreachable(t)
  const service = new MemoryService()
  const lines: string[] = []
  const hear = (_: object, message: string) => void lines.push(message)
  const logger = { ...silent, warn: hear, info: hear }
  const front = cluster(t, url, { openBroker: async () => new MemoryBroker(service), logger })
  await front.start()

  assert.equal((await front.fetch(delivery('evt_1'))).status, 200)
  assert.equal(service.entries.length, 1)
  const { ok, why } = await front.ready()
  assert.equal(ok, true)
  assert.match(why[0] ?? '', /^Only the broker takes events: .*Postgres cannot be reached \(ECONNREFUSED\)/)
  assert.match(lines[0] ?? '', /^the ledger is away, and is looked for every 5 s: /)
  await assert.rejects(front.store.ledger.backlog(), (error) => hasCode(error, 'store_failed'))

  await proxy.heal()
  await until(async () => (await front.ready()).why.length === 0, 'the ledger is found', 30_000)
  assert.equal(lines.at(-1), 'the ledger is there')
  assert.equal((await front.store.ledger.backlog()).ready, 0)
})

test('one that works, or takes events without a broker, does not start without its ledger', {
  skip: postgres.skip,
}, async (t) => {
  const { url } = await unreachable(t)
  const openBroker = async () => new MemoryBroker(new MemoryService())
  for (const given of [{ openBroker, roles: ['ingestion', 'processing'] }, {}] as const)
    await assert.rejects(cluster(t, url, given as ClusterOptions).start(), (error) => hasCode(error, 'store_failed'))
})

test("a vault's keys are in the ledger: without it nothing starts, in a sentence that says so", {
  skip: postgres.skip,
}, async (t) => {
  const { url } = await unreachable(t)
  process.env['TRIAL_VAULT_AWAY'] = Buffer.alloc(32, 7).toString('base64')
  t.after(() => delete process.env['TRIAL_VAULT_AWAY'])
  const openBroker = async () => new MemoryBroker(new MemoryService())

  await assert.rejects(cluster(t, url, { openBroker, vault: 'env:TRIAL_VAULT_AWAY' }).start(), (error) => {
    assert.ok(hasCode(error, 'vault_ledger'))
    assert.match(error.message, /^The vault needs its keys from the ledger at the start/)
    return true
  })
})

/** A ledger of this test's own that nobody reaches before `proxy.heal()`. */
async function unreachable(t: TestContext): Promise<{ url: string; proxy: TcpProxy }> {
  const direct = await database(t)
  const proxy = await new TcpProxy({ port: Number(new URL(direct).port) }).start()
  t.after(() => proxy.close())
  const url = proxy.url(direct)
  await proxy.refuse()
  return { url, proxy }
}

function cluster(t: TestContext, databaseUrl: string, more: ClusterOptions): Cluster {
  const made = createCluster({
    databaseUrl,
    migrate: 'apply',
    roles: ['ingestion'],
    accounts: { default: { webhookSecrets: SECRET } },
    ingestion: { host: '127.0.0.1', port: 0 },
    console: { port: 0 },
    logger: silent,
    ...more,
  })
  t.after(() => made.stop())
  return made
}
