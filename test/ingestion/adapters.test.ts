import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { fetchHandler } from '../../src/ingestion/fetch.ts'
import { LINES, type NodeRequest, nodeHandler } from '../../src/ingestion/node.ts'
import { eventBody, given, NOW, shopSecret, signed } from './fixture.ts'

const closes: (() => void)[] = []
after(() => {
  for (const close of closes) close()
})

/** A server whose `before` does to the request what a framework would. */
async function framework(before: (req: IncomingMessage) => Promise<void> | void = () => {}, options = {}) {
  const parts = given()
  const handler = nodeHandler(parts.intake, options)
  const server = createServer(async (req, res) => {
    await before(req)
    await handler(req as NodeRequest, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closes.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const post = (body: Buffer, header = signed(body), method = 'POST') =>
    fetch(`http://127.0.0.1:${port}/hooks`, {
      method,
      headers: { 'Stripe-Signature': header, 'Content-Type': 'application/json' },
      ...(method === 'POST' && { body: new Uint8Array(body) }),
    })
  return { ...parts, post }
}

const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; remedy: string } }).error

async function text(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('node: the stream is read and recorded, whatever its path', async () => {
  const { post, ledger } = await framework()
  const body = eventBody()
  assert.equal((await post(body)).status, 200)
  assert.deepEqual(ledger.admitted[0]?.body, body)
})

test('node: bytes or text that a framework kept are taken as they are', async () => {
  const body = eventBody({}, { description: 'Grüße' })
  for (const [key, keep] of [
    ['body', (b: Buffer) => b],
    ['body', String],
    ['rawBody', (b: Buffer) => b],
    ['rawBody', String],
  ] as const) {
    const { post, ledger } = await framework(async (req) => {
      const bytes = await text(req)
      Object.assign(req, { body: JSON.parse(String(bytes)), [key]: keep(bytes) })
    })
    assert.equal((await post(body)).status, 200)
    assert.deepEqual(Buffer.from(ledger.admitted[0]?.body ?? []), body)
  }
})

test('node: a parsed body is refused with the line to add', async () => {
  const body = eventBody()
  const parse = (marks: object) => async (req: IncomingMessage) =>
    void Object.assign(req, { body: JSON.parse(String(await text(req))), ...marks })

  for (const [marks, named] of [
    [{ app: {}, baseUrl: '' }, ['express', 'nest']],
    [{ query: {}, cookies: {}, preview: undefined }, ['next']],
    [{}, ['fastify']],
  ] as const) {
    const { code, remedy } = await errorOf(await (await framework(parse(marks))).post(body))
    assert.equal(code, 'body_already_parsed')
    const told = Object.entries(LINES).filter(([, line]) => remedy.includes(line))
    assert.deepEqual(
      told.map(([name]) => name),
      named,
    )
  }
})

test('node: what is no request of Node is refused with what to hand over instead', async () => {
  const handler = nodeHandler(given().intake)
  const fastify = { raw: {}, headers: {}, method: 'POST', body: {} } as unknown as NodeRequest

  await assert.rejects(handler(fastify, { raw: {} } as unknown as ServerResponse), {
    code: 'request_foreign',
    message: /request\.raw, reply\.raw/,
  })
})

test('node: a stream that was read and thrown away is refused, not waited for', async () => {
  const { post, ledger } = await framework(async (req) => void (await text(req)))
  const response = await post(eventBody())
  assert.equal(response.status, 500)
  assert.equal((await errorOf(response)).code, 'body_already_parsed')
  assert.equal(ledger.batches.length, 0)
})

test('node: the empty object that body-parser leaves for other content types is no parsed body', async () => {
  const { post } = await framework((req) => void Object.assign(req, { body: {} }))
  assert.equal((await post(eventBody())).status, 200)
})

test('node: only POST, only up to the bound, only the secrets of its endpoint', async () => {
  const { post } = await framework(undefined, { endpoint: 'eu/shop', bodyBytesMax: 2_000 })
  const body = eventBody()
  const large = eventBody({}, { description: 'x'.repeat(2_000) })
  assert.equal((await post(body, '', 'GET')).status, 405)
  assert.equal((await post(large)).status, 413)
  assert.equal((await post(body)).status, 400)
  assert.equal((await post(body, signed(body, NOW, shopSecret))).status, 200)

  const kept = await framework(async (req) => void Object.assign(req, { rawBody: await text(req) }), {
    bodyBytesMax: 2_000,
  })
  assert.equal((await kept.post(large)).status, 413)
})

const incoming = (body: Uint8Array<ArrayBuffer> | ReadableStream | null, header: string | null, method = 'POST') =>
  new Request('http://127.0.0.1/hooks', {
    method,
    headers: header ? { 'Stripe-Signature': header } : {},
    ...(body !== null && { body, duplex: 'half' }),
  } as RequestInit)

test('fetch: a request is recorded and answered like anywhere else', async () => {
  const { intake, ledger } = given()
  const handler = fetchHandler(intake)
  const body = eventBody()
  const response = await handler(incoming(new Uint8Array(body), signed(body)))
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.equal(await response.text(), '{"received":true}')
  assert.deepEqual(ledger.admitted[0]?.body, body)
})

test('fetch: bad requests get their codes', async () => {
  const { intake, ledger } = given()
  const handler = fetchHandler(intake, { bodyBytesMax: 2_000 })
  const body = eventBody()
  const is = async (request: Request, status: number, code: string) => {
    const response = await handler(request)
    assert.deepEqual([response.status, (await errorOf(response)).code], [status, code])
  }
  await is(incoming(null, null, 'GET'), 405, 'method_not_allowed')
  await is(incoming(new Uint8Array(body), null), 400, 'signature_missing')
  await is(incoming(null, signed(body)), 400, 'body_empty')
  await is(incoming(new Uint8Array(3_000), signed(body)), 413, 'body_too_large')

  const torn = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
  await is(incoming(torn, signed(body)), 400, 'request_torn')
  const read = incoming(new Uint8Array(body), signed(body))
  await read.json()
  await is(read, 500, 'body_already_parsed')
  assert.equal(ledger.batches.length, 0)
})
