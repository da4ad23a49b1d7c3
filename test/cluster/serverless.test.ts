import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { configure } from '../../src/config.ts'
import { silent } from '../../src/core/service.ts'
import { createCluster } from '../../src/index.ts'
import { eventBody, SECRET, signatureOf } from '../chaos/delivery.ts'
import { allSettled, folderFor, found, here } from '../chaos/here.ts'

const body = (id: string) => eventBody({ id, customer: id })
const headers = (bytes: Buffer) => ({ 'stripe-signature': signatureOf(bytes) })

function request(id: string): Request {
  const bytes = body(id)
  return new Request('http://shop.test/', { method: 'POST', headers: headers(bytes), body: new Uint8Array(bytes) })
}

/** A platform that lets work go on after the answer. */
function platform() {
  const after: Promise<unknown>[] = []
  return { after, waitUntil: (work: Promise<unknown>) => void after.push(work) }
}

/** A cluster that nobody starts. */
function unstarted(t: TestContext) {
  const cluster = here(t, folderFor(t))
  const worked: string[] = []
  cluster.on('*', ({ id }) => void worked.push(id))
  return { cluster, worked }
}

test('fetch with waitUntil needs no start: the 200 is recorded, and worked after the answer', async (t) => {
  const { cluster, worked } = unstarted(t)
  const lent = platform()

  const response = await cluster.fetch(request('evt_1'), lent)
  assert.equal(response.status, 200)
  assert.equal((await found(cluster)).length, 1)
  await Promise.all(lent.after)

  assert.deepEqual(worked, ['evt_1'])
  assert.equal((await found(cluster, { state: 'done' })).length, 1)
  assert.equal(cluster.publicAddress(), null)
  assert.equal(cluster.privateAddress(), null)
})

test('what is refused has nothing worked after it', async (t) => {
  const { cluster } = unstarted(t)
  const lent = platform()

  const { status } = await cluster.fetch(new Request('http://shop.test/', { method: 'POST', body: '{}' }), lent)

  assert.equal(status, 400)
  assert.deepEqual(lent.after, [])
})

test('fetch with the second argument of a framework that lends nothing is the plain route', async (t) => {
  const { cluster } = unstarted(t)
  const params = { params: Promise.resolve({}) }

  assert.equal((await cluster.fetch(request('evt_1'), params as object)).status, 503, 'nobody has started it')
  await cluster.start([])
  assert.equal((await cluster.fetch(request('evt_1'), params as object)).status, 200)
})

test('lambda records without a start, and workFor works it by the clock', async (t) => {
  const { cluster, worked } = unstarted(t)
  const bytes = body('evt_1')

  const { statusCode } = await cluster.lambda({
    version: '2.0',
    requestContext: { http: { method: 'POST' } },
    headers: headers(bytes),
    body: bytes.toString('base64'),
    isBase64Encoded: true,
  })
  assert.equal(statusCode, 200)
  assert.deepEqual(worked, [])

  assert.deepEqual(await cluster.workFor({ ms: 5_000, max: 10 }), { leased: 1, done: 1, again: 0, dead: 0, late: 0 })
  assert.deepEqual(worked, ['evt_1'])
})

test('what is paused is not worked by a pass', async (t) => {
  const { cluster, worked } = unstarted(t)
  await cluster.fetch(request('evt_0'), platform())
  await cluster.workFor()
  await cluster.store.controls.put({
    ...{ id: 'p', kind: 'pause', target: { types: ['invoice.*'] }, by: 'operator', why: 'a trial', ttlMs: 60_000 },
  })

  const lent = platform()
  await cluster.fetch(request('evt_1'), lent)
  await Promise.all(lent.after)

  assert.deepEqual(worked, ['evt_0'])
})

test('a cluster that was opened by a request starts in full when it is told to', async (t) => {
  const { cluster, worked } = unstarted(t)
  await cluster.fetch(request('evt_1'), platform())

  await cluster.start()

  assert.notEqual(cluster.publicAddress(), null)
  assert.equal((await cluster.fetch(request('evt_1'))).status, 200)
  await allSettled(cluster)
  assert.deepEqual(worked, ['evt_1'])
})

test('after a stop nothing but a start opens the ledger again', async (t) => {
  const { cluster } = unstarted(t)
  await cluster.fetch(request('evt_1'), platform())
  await cluster.stop()

  assert.equal((await cluster.fetch(request('evt_2'), platform())).status, 503)
  await assert.rejects(cluster.workFor(), { code: 'store_closed' })
  await cluster.start([])
  assert.equal((await cluster.fetch(request('evt_2'))).status, 200)
})

const platforms: [string, Record<string, string>][] = [
  ['AWS Lambda', { AWS_LAMBDA_FUNCTION_NAME: 'hooks' }],
  ['Vercel', { VERCEL: '1', AWS_LAMBDA_FUNCTION_NAME: 'hooks' }],
  ['Netlify', { NETLIFY: 'true' }],
  ['Cloud Run', { K_SERVICE: 'hooks' }],
  ['Azure Functions', { FUNCTIONS_WORKER_RUNTIME: 'node' }],
]

for (const [name, env] of platforms)
  test(`a SQLite ledger is refused on ${name}, in one sentence, unless its disk is said to stay`, async (t) => {
    const databaseUrl = `sqlite:${join(folderFor(t), 'ledger.db')}`
    const given = { databaseUrl, accounts: { default: { webhookSecrets: SECRET } }, console: { port: 0 } }
    const cluster = createCluster({ config: configure(given, { env }), logger: silent })
    t.after(() => cluster.stop())

    await assert.rejects(cluster.start([]), ({ code, message }) => {
      assert.equal(code, 'disk_ephemeral')
      assert.match(message, new RegExp(`on ${name},`))
      return true
    })
    assert.equal((await cluster.fetch(request('evt_1'), platform())).status, 503)

    const mounted = createCluster({
      config: configure(given, { env: { ...env, HOOKKEEPER_DISK: 'durable' } }),
      logger: silent,
    })
    t.after(() => mounted.stop())
    await mounted.start([])
  })
