import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { load } from '../../bench/load/load.ts'
import type { LoadPlan } from '../../bench/load/plan.ts'
import { readPlan } from '../../bench/load/plan.ts'
import { systemClock } from '../../src/core/clock.ts'

const plan = { path: '/', secret: 's', nonce: 'n', lanes: 10, connections: 4, ratePerSecond: null, warmUpMs: 0 }

test('a closed loop makes exactly as many requests as it may, and counts each answer by its status', async (t) => {
  let requests = 0
  const port = await listening(t, (request, response) => {
    const status = ++requests % 10 === 0 ? 503 : 200
    request.resume().on('end', () => response.writeHead(status, { 'content-length': 2 }).end('ok'))
  })

  const result = await load({ ...plan, port, measureMs: 60_000, requestsMax: 100 }, systemClock, () => {})

  assert.equal(requests, 100)
  assert.deepEqual([result.sent, result.ok, result.refused, result.broken], [100, 90, { 503: 10 }, 0])
})

test('an open loop makes the requests that its rate and time allow', async (t) => {
  const port = await listening(t, (request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-length': 2 }).end('ok'))
  })
  const open: LoadPlan = { ...plan, port, ratePerSecond: 1_000, measureMs: 50, requestsMax: 1_000 }

  const result = await load(open, systemClock, () => {})

  assert.deepEqual([result.sent, result.ok], [50, 50])
})

test('a connection that the server ends is opened again, and its request counted as broken', async (t) => {
  let requests = 0
  const port = await listening(t, (request, response) => {
    if (++requests === 5) request.destroy()
    else request.resume().on('end', () => response.writeHead(200, { 'content-length': 2 }).end('ok'))
  })

  const result = await load({ ...plan, port, measureMs: 60_000, requestsMax: 40 }, systemClock, () => {})

  assert.deepEqual([result.sent, result.ok, result.broken], [40, 39, 1])
})

test('a load without bounds is refused', () => {
  const good = { ...plan, port: 80, measureMs: 1, requestsMax: 1 }
  assert.deepEqual(readPlan(JSON.stringify(good)), good)
  for (const bad of [
    { measureMs: 1e9 },
    { requestsMax: null },
    { connections: 0 },
    { ratePerSecond: 1e9 },
    { port: '80' },
  ])
    assert.throws(() => readPlan(JSON.stringify({ ...good, ...bad })), /The load's/)
})

async function listening(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}
