import assert from 'node:assert/strict'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import { createPublicListener, type PublicLimits, type PublicListenerOptions } from '../../src/ingestion/http.ts'
import { unverifiedDefaults } from '../../src/ingestion/unverified.ts'
import { CANARY, eventBody, given, NOW, shopSecret, signed } from './fixture.ts'

const stops: (() => Promise<void>)[] = []
after(() => Promise.all(stops.map((stop) => stop())))

interface Setup extends Partial<Omit<PublicListenerOptions, 'limits'>> {
  readonly limits?: Partial<PublicLimits>
}

async function listening(setup: Setup = {}, of: Parameters<typeof given>[0] = {}) {
  const parts = given(of)
  const { intake, log } = parts
  const listener = createPublicListener({ host: '127.0.0.1', port: 0, intake, clock: systemClock, log, ...setup })
  await listener.start()
  stops.push(() => listener.stop())
  const { port } = listener.address()
  return { ...parts, listener, port, url: `http://127.0.0.1:${port}` }
}

const post = (url: string, body: Uint8Array, header?: string, path = '/webhooks/stripe') =>
  fetch(url + path, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: header ? { 'Stripe-Signature': header } : {},
  })

const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code

/** Sends bytes as they are and resolves with all that comes back until the other side closes. */
function raw(port: number, ...pieces: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    for (const piece of pieces) socket.write(piece)
  })
}

const head = (body: Uint8Array, more = ''): string =>
  `POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: ${signed(body)}\r\n${more}`

test('a signed event is recorded and answered with 200 received', async () => {
  const { url, ledger, log } = await listening()
  const body = eventBody()
  const response = await post(url, body, signed(body))
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.equal(await response.text(), '{"received":true}')
  assert.deepEqual(ledger.admitted[0]?.body, body)
  assert.equal(log.lines.length, 0)
})

test('a path may name the endpoint, with a slash inside or escaped, and a query changes nothing', async () => {
  const { url, ledger } = await listening()
  const body = eventBody()
  for (const path of [
    '/webhooks/stripe/eu/shop',
    '/webhooks/stripe/eu%2Fshop',
    '/webhooks/stripe/eu/shop?v=2',
    '/webhooks/stripe/',
    '/webhooks/stripe?v=2',
  ]) {
    assert.equal((await post(url, body, signed(body, NOW, shopSecret), path)).status, 200, path)
  }
  assert.equal(ledger.admitted.length, 5)
})

test('every other path and method gets its 4xx, and health its 200', async () => {
  const { url, ledger } = await listening()
  const body = eventBody()
  const is = async (method: string, path: string, status: number, code: string | null, allow: string | null = null) => {
    const response = await fetch(url + path, {
      method,
      ...(method === 'POST' && { body: new Uint8Array(body), headers: { 'Stripe-Signature': signed(body) } }),
    })
    assert.equal(response.status, status, `${method} ${path}`)
    assert.equal(response.headers.get('allow'), allow)
    if (code) assert.equal(await codeOf(response), code)
    else await response.arrayBuffer()
  }
  await is('GET', '/healthz', 200, null)
  await is('HEAD', '/healthz', 200, null)
  await is('POST', '/healthz', 405, 'method_not_allowed', 'GET, HEAD')
  await is('GET', '/webhooks/stripe', 405, 'method_not_allowed', 'POST')
  await is('DELETE', '/webhooks/stripe/eu', 405, 'method_not_allowed', 'POST')
  await is('POST', '/', 404, 'path_unknown')
  await is('POST', '/webhooks/stripes', 404, 'path_unknown')
  await is('GET', '/metrics', 404, 'path_unknown')
  await is('POST', '/webhooks/stripe/%zz', 404, 'path_unknown')
  await is('POST', '/webhooks/stripe/nobody', 404, 'endpoint_unknown')
  assert.equal(ledger.batches.length, 0)
})

test('each kind of bad input gets its status and code, nothing is stored, and no value of a body is logged', async () => {
  const { url, port, ledger, log } = await listening()
  const body = eventBody()
  const notJson = Buffer.from(`{"id": "${CANARY}`)
  const noEvent = Buffer.from(JSON.stringify({ id: CANARY, object: 'invoice', data: { object: { name: CANARY } } }))
  const is = async (response: Response, status: number, code: string) => {
    assert.deepEqual([response.status, await codeOf(response)], [status, code])
  }
  await is(await post(url, body), 400, 'signature_missing')
  await is(await post(url, body, signed(body, NOW, 'whsec_wrong')), 400, 'signature_mismatch')
  await is(await post(url, body, signed(body, NOW - 400_000)), 400, 'timestamp_too_old')
  await is(await post(url, body, signed(body, NOW + 400_000)), 400, 'timestamp_in_future')
  await is(await post(url, body.subarray(0, 99), signed(body)), 400, 'signature_mismatch')
  await is(await post(url, notJson, signed(notJson)), 400, 'body_not_json')
  await is(await post(url, noEvent, signed(noEvent)), 400, 'body_not_event')
  await is(await post(url, Buffer.alloc(0), signed(body)), 400, 'body_empty')
  const large = Buffer.alloc(2 * 1_048_576, CANARY)
  await is(await post(url, large, signed(large)), 413, 'body_too_large')

  assert.match(
    await raw(port, head(body, `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n`), body),
    /^HTTP\/1.1 400 .*request_malformed/s,
  )
  assert.match(await raw(port, head(body, `Content-Length: 5\r\nContent-Length: 6\r\n\r\n`), body), /^HTTP\/1.1 400 /)
  assert.match(
    await raw(port, Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])),
    /^HTTP\/1.1 400 .*request_malformed/s,
  )
  assert.match(
    await raw(port, `GET / HTTP/1.1\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`),
    /^HTTP\/1.1 431 .*headers_too_large/s,
  )

  assert.equal((await post(url, body, signed(body))).status, 200, 'and good deliveries pass')
  assert.equal(ledger.admitted.length, 1)
  assert.equal(ledger.kept.length, 0)
  assert.ok(log.lines.length > 0)
  assert.ok(!log.lines.join().includes(CANARY))
})

test('a body just at the bound passes; one byte more does not, announced or in chunks', async () => {
  const small = eventBody({}, { description: '' })
  const max = small.length + 100
  const { url, port, ledger } = await listening({ limits: { bodyBytesMax: max } })
  const at = eventBody({}, { description: 'x'.repeat(100) })
  const over = eventBody({}, { description: 'x'.repeat(101) })
  const chunked = (body: Buffer) =>
    raw(
      port,
      head(body, 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n'),
      `${body.length.toString(16)}\r\n`,
      body,
      '\r\n0\r\n\r\n',
    )

  assert.equal(at.length, max)
  assert.equal((await post(url, at, signed(at))).status, 200)
  assert.match(await chunked(at), /^HTTP\/1.1 200 /)
  assert.equal((await post(url, over, signed(over))).status, 413)
  assert.match(await chunked(over), /^HTTP\/1.1 413 /)
  assert.equal(ledger.admitted.length, 2)
})

test('a body in many pieces is read whole', async () => {
  const { port, ledger } = await listening()
  const body = eventBody({}, { description: 'ü'.repeat(200_000) })
  const pieces = Array.from({ length: Math.ceil(body.length / 10_000) }, (_, i) =>
    body.subarray(i * 10_000, (i + 1) * 10_000),
  )
  const answer = await raw(port, head(body, `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`), ...pieces)
  assert.match(answer, /^HTTP\/1.1 200 /)
  assert.deepEqual(ledger.admitted[0]?.body, body)
})

test('a sender that ends in the middle of a body is told so, one that just leaves is not, and nothing is stored', async () => {
  const { url, port, ledger, meter } = await listening()
  const body = eventBody()
  const half = (leave: (socket: Socket) => void) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      let answer = ''
      socket.on('data', (chunk) => (answer += chunk))
      socket.on('error', () => {})
      socket.on('close', () => resolve(answer))
      socket.write(head(body, `Content-Length: ${body.length}\r\n\r\n`))
      socket.write(body.subarray(0, 10), () => leave(socket))
    })

  assert.match(await half((socket) => socket.end()), /^HTTP\/1.1 400 .*request_torn/s)
  assert.equal(await half((socket) => socket.resetAndDestroy()), '')
  assert.equal((await post(url, body, signed(body))).status, 200)
  assert.equal(ledger.admitted.length, 1)
  assert.deepEqual(meter.results, { 'none rejected': 1, 'default new': 1 })
})

test('one connection carries many deliveries, also after refused ones', async () => {
  const { port, ledger } = await listening()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const used = new Set<unknown>()
  const send = (body: Buffer, header: string) =>
    new Promise<number>((resolve, reject) => {
      const req = request({
        port,
        agent,
        method: 'POST',
        path: '/webhooks/stripe',
        headers: { 'Stripe-Signature': header },
      })
      req.on('response', (res: IncomingMessage) => {
        used.add(req.socket)
        res.resume().on('end', () => resolve(res.statusCode ?? 0))
      })
      req.on('error', reject).end(body)
    })
  for (let i = 0; i < 5; i++) {
    const body = eventBody({ id: `evt_${i}` })
    assert.equal(await send(body, signed(body)), 200)
    assert.equal(await send(body, 't=1,v1=x'), 400)
  }
  agent.destroy()
  assert.equal(used.size, 1)
  assert.equal(ledger.admitted.length, 5)
})

test('senders that trickle headers, body or nothing are cut off; others are served meanwhile', async () => {
  const { url, port, ledger } = await listening({ limits: { headersMs: 150, requestMs: 200 } })
  const body = eventBody()
  const slow = [
    raw(port, 'POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\n'),
    raw(port, head(body, `Content-Length: ${body.length}\r\n\r\n`), body.subarray(0, 10)),
    raw(port),
  ]
  assert.equal((await post(url, body, signed(body))).status, 200)
  const [headers, part, nothing] = await Promise.all(slow)
  assert.match(headers as string, /^HTTP\/1.1 408 .*request_too_slow/s)
  assert.match(part as string, /^HTTP\/1.1 408 .*request_too_slow/s)
  assert.ok(nothing === '' || (nothing as string).startsWith('HTTP/1.1 408 '))
  assert.equal(ledger.admitted.length, 1)
})

test('large unverified bodies of one address wait for one another, and all that are signed are recorded', async () => {
  const unverified = { ...unverifiedDefaults, perAddressBytesMax: 200_000, totalBytesMax: 400_000 }
  const { url, port, ledger } = await listening({ limits: { unverified } })
  const held = connect(port, '127.0.0.1')
  held.on('error', () => {})
  const flood = Buffer.alloc(1_000_000, 'x')
  held.write(head(flood, `Content-Length: ${flood.length}\r\n\r\n`))
  await new Promise<void>((resolve) => held.write(flood.subarray(0, 900_000), () => resolve()))

  const answers = [0, 1, 2, 3].map((i) => {
    const body = eventBody({ id: `evt_${i}` }, { description: 'x'.repeat(i === 0 ? 10 : 300_000) })
    return post(url, body, signed(body))
  })
  assert.equal((await (answers[0] as Promise<Response>)).status, 200, 'an ordinary event does not wait')
  held.destroy()
  for (const answer of answers) assert.equal((await answer).status, 200)
  assert.equal(ledger.admitted.length, 4)
})

test('a flood of bad requests from one address writes few lines and refuses no good one', async () => {
  const { url, ledger, log } = await listening()
  const body = eventBody()
  const requests = Array.from({ length: 300 }, (_, i) => {
    const own = eventBody({ id: `evt_${i}` })
    return i % 3 === 0 ? post(url, own, signed(own)) : post(url, body, signed(body, NOW, 'whsec_wrong'))
  })
  const answers = await Promise.all(requests)
  assert.ok(answers.every(({ status }, i) => status === (i % 3 === 0 ? 200 : 400)))
  assert.equal(ledger.ids.size, 100)
  assert.equal(log.lines.length, 5)
})

test('the address in the log is the socket’s, and the proxy’s word only where that is trusted', async () => {
  const forwarded = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.9' }
  const address = async (trustProxy: boolean, headers: Record<string, string>) => {
    const { url, log } = await listening({ trustProxy })
    await fetch(`${url}/webhooks/stripe`, { method: 'POST', body: 'x', headers })
    return JSON.parse(log.lines[0] as string).address
  }
  assert.equal(await address(false, forwarded), '127.0.0.1')
  assert.equal(await address(true, forwarded), '203.0.113.9')
  assert.equal(await address(true, { 'X-Forwarded-For': `${CANARY}\t` }), '127.0.0.1')
})

test('stop answers what is under way, takes no new connection, and leaves nothing open', async () => {
  const { listener, port, url, ledger } = await listening()
  const open = ledger.hold()
  const body = eventBody()
  const admitted = signal(ledger)
  const underWay = raw(port, head(body, `Content-Length: ${body.length}\r\n\r\n`), body)
  await admitted

  const stopped = listener.stop()
  await assert.rejects(fetch(`${url}/healthz`))
  open()
  assert.match(await underWay, /^HTTP\/1.1 200 .*Connection: close.*received/s)
  await stopped
  await listener.stop()
})

/** Resolves when the ledger is asked to admit something. */
function signal(ledger: { admit: (events: never) => unknown }): Promise<void> {
  const admit = ledger.admit.bind(ledger)
  return new Promise((resolve) => {
    ledger.admit = (events: never) => {
      resolve()
      return admit(events)
    }
  })
}

test('stop does not wait for a sender that never ends', async () => {
  const { listener, port } = await listening({ limits: { stopMs: 50 } })
  const body = eventBody()
  const half = raw(port, head(body, `Content-Length: ${body.length}\r\n\r\n`), body.subarray(0, 5))
  await new Promise((resolve) => setImmediate(resolve))
  await listener.stop()
  await half
})

test('a port that is taken is told in one sentence', async () => {
  const { port } = await listening()
  const second = given()
  const listener = createPublicListener({
    host: '127.0.0.1',
    port,
    intake: second.intake,
    clock: systemClock,
    log: second.log,
  })
  await assert.rejects(
    listener.start(),
    (error) => hasCode(error, 'port_taken') && error.message.includes(String(port)),
  )
})

test('while nothing can be recorded the answer is 503 with Retry-After, on a connection that stays', async () => {
  const { url, ledger } = await listening()
  ledger.failing = true
  const body = eventBody()
  const response = await post(url, body, signed(body))
  assert.equal(response.status, 503)
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  assert.equal(await codeOf(response), 'store_unavailable')
})
