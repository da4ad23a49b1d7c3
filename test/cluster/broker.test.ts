import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MARK } from '../../src/broker/sqs/wire.ts'
import { type ClusterOptions, createCluster } from '../../src/cluster.ts'
import { systemClock } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import { silent } from '../../src/core/service.ts'
import { sign } from '../../src/stripe/signature.ts'
import { until } from '../../src/testing/broker/promise.ts'
import { MemoryBroker, MemoryService } from '../conformance/memory-broker.ts'

const SECRET = 'whsec_default_0123456789'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hookkeeper-cluster-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

const settings = (t: TestContext, over: ClusterOptions = {}): ClusterOptions => ({
  databaseUrl: `sqlite:${join(folder(t), 'ledger.db')}`,
  accounts: { default: { webhookSecrets: SECRET } },
  ingestion: { port: 0, host: '127.0.0.1', diskReserveMb: 0 },
  console: { port: 0 },
  logger: silent,
  release: 'test',
  ...over,
})

const eventBody = (id: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...{ id, object: 'event', type: 'invoice.paid', livemode: true, api_version: '2025-08-27.basil' },
      created: Math.floor(systemClock.now() / 1_000),
      data: { object: { id: `in_${id}`, object: 'invoice', customer: `cus_${id}` } },
    }),
  )

const post = (address: string, body: Buffer) =>
  fetch(`${address}/webhooks/stripe`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'stripe-signature': sign({ body, secrets: [SECRET], at: systemClock.now() }) },
  })

test('an event goes through the broker into the ledger and is worked, and the process says how the broker is', async (t) => {
  const service = new MemoryService()
  const cluster = createCluster(settings(t, { openBroker: async () => new MemoryBroker(service) }))
  const worked: string[] = []
  cluster.on('invoice.paid', async ({ id }) => void worked.push(id))
  await cluster.start()
  t.after(() => cluster.stop())

  assert.equal((await post(cluster.publicAddress()!, eventBody('evt_1'))).status, 200)
  await until(async () => worked.length === 1 && service.entries.length === 0, 'it is worked and acknowledged')
  const status = (await (await fetch(`${cluster.privateAddress()}/api/v1/status`)).json()) as { broker: unknown }
  assert.deepEqual(status.broker, { name: 'memory', backlog: { waiting: 0, oldestMs: 0 }, spooled: null, findings: [] })
  const metrics = await (await fetch(`${cluster.privateAddress()}/metrics`)).text()
  assert.match(metrics, /hookkeeper_broker_backlog\{broker="memory"\} 0/)
  assert.match(metrics, /hookkeeper_drained_total\{broker="memory",result="new"\} 1/)
})

test('what one process takes in another works, and what only takes in is ready whatever becomes of the rest', async (t) => {
  const service = new MemoryService()
  const openBroker = async () => new MemoryBroker(service)
  const front = createCluster(settings(t, { openBroker, roles: ['ingestion'] }))
  const worker = createCluster(settings(t, { openBroker, roles: ['processing'] }))
  const worked: string[] = []
  worker.on('invoice.paid', async ({ id }) => void worked.push(id))
  await front.start()
  t.after(() => front.stop())
  for (const id of ['evt_1', 'evt_2', 'evt_3'])
    assert.equal((await post(front.publicAddress()!, eventBody(id))).status, 200)
  assert.equal(service.entries.length, 3)

  await worker.start()
  t.after(() => worker.stop())
  await until(async () => worked.length === 3, 'all are worked')
  assert.deepEqual(worked.sort(), ['evt_1', 'evt_2', 'evt_3'])

  service.reach(false)
  assert.equal((await post(front.publicAddress()!, eventBody('evt_4'))).status, 503)
  await until(async () => !(await worker.ready()).ok, 'the worker says that the broker is away')
  assert.ok((await worker.ready()).why.includes('The broker cannot be received from.'))
})

test('a broker that can lose messages is told of, and with requireDurable nothing starts', async (t) => {
  class Careless extends MemoryBroker {
    override async check() {
      return [{ level: 'wrong' as const, what: 'It keeps nothing on the disk.', remedy: 'Set appendonly yes.' }]
    }
  }
  const lines: string[] = []
  const logger = { ...silent, warn: (_: object, message: string) => void lines.push(message) }
  const openBroker = async () => new Careless(new MemoryService())
  const lax = createCluster(settings(t, { openBroker, logger }))
  await lax.start()
  await lax.stop()
  assert.ok(lines.includes('It keeps nothing on the disk. Set appendonly yes.'))

  const strict = createCluster(settings(t, { openBroker, broker: { requireDurable: true } }))
  await assert.rejects(strict.start(), (error) => hasCode(error, 'broker_unfit') && /Set appendonly/.test(error.remedy))
  await strict.stop()
})

test('a spool of its own stands in front of the ledger, and what lay in it is worked after a restart', async (t) => {
  const url = `spool:${join(folder(t), 'spool')}`
  const given = settings(t, { broker: { url } })
  const cluster = createCluster(given)
  const worked: string[] = []
  cluster.on('invoice.paid', async ({ id }) => void worked.push(id))
  await cluster.start()
  assert.equal((await post(cluster.publicAddress()!, eventBody('evt_1'))).status, 200)
  await until(async () => worked.length === 1, 'it is worked')
  await cluster.stop()
  assert.deepEqual(worked, ['evt_1'])
})

test('a Lambda function behind a queue records its batch, works it, and gives back only what is not recorded', async (t) => {
  const cluster = createCluster(settings(t))
  const worked: string[] = []
  cluster.on('invoice.paid', async ({ id }) => void worked.push(id))
  t.after(() => cluster.stop())
  const mark = (id: string) =>
    JSON.stringify({ id, key: 'default:cus_1', attributes: { account: 'default', endpoint: 'default' } })
  const record = (messageId: string, body: string, id = '') => ({
    messageId,
    body,
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: id === '' ? {} : { [MARK]: { stringValue: mark(id) } },
  })

  const answer = await cluster.sqsBatch({
    Records: [
      record('m1', eventBody('evt_1').toString(), 'evt_1'),
      record('m2', 'who wrote this?'),
      record('m3', eventBody('evt_3').toString(), 'evt_3'),
    ],
  })

  assert.deepEqual(answer, { batchItemFailures: [] })
  assert.deepEqual(worked.sort(), ['evt_1', 'evt_3'])
  const { data } = await cluster.store.ledger.strays(null, 10)
  assert.deepEqual(
    data.map(({ source, bytes }) => [source, Buffer.from(bytes).toString()]),
    [['queue sqs', 'who wrote this?']],
  )
})

test('a batch that the ledger cannot take comes again whole', async (t) => {
  const cluster = createCluster(settings(t))
  t.after(() => cluster.stop())
  await cluster.workFor({ ms: 10, max: 1 })
  cluster.store.ledger.admit = () => Promise.reject(new Error('away'))
  cluster.store.ledger.backlog = () => Promise.reject(new Error('away'))
  const mark = JSON.stringify({ id: 'evt_1', key: 'default:cus_1', attributes: {} })
  const messageAttributes = { [MARK]: { stringValue: mark } }

  const answer = await cluster.sqsBatch({
    Records: [{ messageId: 'm1', body: eventBody('evt_1').toString(), messageAttributes }],
  })
  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: 'm1' }] })
})
