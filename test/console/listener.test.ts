import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { once } from 'node:events'
import { Agent, Server } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { INPUT_BYTES_MAX, routesOf } from '../../src/console/api.ts'
import { createPrivateListener } from '../../src/console/listener.ts'
import { TAILS_MAX } from '../../src/console/routes/tail.ts'
import { HookkeeperError } from '../../src/core/errors.ts'
import { silent } from '../../src/core/service.ts'
import { setUp, stopping } from './setup.ts'
import { answerTo, listening, opened, textOf } from './socket.ts'

const TOKEN = 'correct horse battery staple'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const JSON_BODY = { 'content-type': 'application/json' }
const REPLAY = '/api/v1/actions/replay'

const failedWith = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof HookkeeperError && error.code === code && message.test(error.message)

test('with a token configured, every path asks for it but /healthz and /readyz', async (context) => {
  const { send, deps } = await listening(context, { token: TOKEN })
  const open = ['/healthz', '/readyz']

  for (const { method, path: template } of routesOf(deps)) {
    const path = template.replace(/\{\w+\}/g, 'x')
    const asked = { method: method.toUpperCase(), headers: JSON_BODY, body: method === 'post' ? '{}' : null }
    const { status, code, headers } = await send(path, asked)
    if (open.includes(path)) assert.equal(status, 200, path)
    else assert.deepEqual([status, code, headers['www-authenticate']], [401, 'unauthorized', 'Bearer'], path)
  }
  for (const path of ['/', '/nowhere', '/api/v1/']) assert.equal((await send(path)).status, 401, path)
  assert.equal((await send('/api/v1/status', { headers: bearer(TOKEN) })).status, 200)
})

test('no spelling of an open path opens another', async (context) => {
  const { send, port } = await listening(context, { token: TOKEN })
  const spellings = [
    '/healthz/../metrics',
    '/healthz/..%2fmetrics',
    String.raw`/healthz\..\metrics`,
    '/healthz;/metrics',
    '/healthz/%2e%2e/metrics',
    '//healthz',
    '/healthz/',
    '/HEALTHZ',
    `http://127.0.0.1:${port}/metrics`,
  ]

  for (const path of spellings) assert.equal((await send(path)).code, 'unauthorized', path)
  assert.equal((await send('/healthz?/../metrics')).code, 'query_invalid')
})

test('a token is compared in constant time, whatever its length, and only as a Bearer', async (context) => {
  const lengths: number[][] = []
  const real = crypto.timingSafeEqual
  swapped(context, (a, b) => {
    lengths.push([a.byteLength, b.byteLength])
    return real(a, b)
  })
  const { send } = await listening(context, { token: TOKEN })
  const statusWith = async (authorization: string) => (await send('/metrics', { headers: { authorization } })).status

  const wrong = [TOKEN.slice(0, -1), `${TOKEN}x`, TOKEN.toUpperCase(), 'x', 'x'.repeat(8000)]
  for (const token of wrong) assert.equal(await statusWith(`Bearer ${token}`), 401, token.slice(0, 40))
  assert.equal(await statusWith(`Bearer ${TOKEN}`), 200)
  assert.equal(await statusWith(`bearer  ${TOKEN}`), 200, "the scheme's case does not matter")
  assert.deepEqual(
    lengths,
    Array.from({ length: wrong.length + 2 }, () => [32, 32]),
  )

  for (const other of [TOKEN, `Basic ${TOKEN}`, 'Bearer', 'Bearer ', '']) assert.equal(await statusWith(other), 401)
})

/** The comparison of `node:crypto`, replaced for one test in every module that imported it. */
function swapped(context: TestContext, compare: typeof crypto.timingSafeEqual): void {
  context.mock.method(crypto, 'timingSafeEqual', compare)
  syncBuiltinESMExports()
  context.after(() => {
    context.mock.restoreAll()
    syncBuiltinESMExports()
  })
}

test('off loopback without a token it does not start', async () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'keeper.internal']) {
    for (const token of [null, '']) {
      const listener = createPrivateListener({ app: setUp().api, host, port: 0, token, log: silent })
      await assert.rejects(listener.start(), failedWith('private_unprotected', /./), host)
      assert.equal(listener.address(), null)
    }
  }
})

test('a name that is not ours in the Host header is refused, whoever it points to', async (context) => {
  const { send, port } = await listening(context, { hosts: ['Keeper.Internal'] })
  const ours = ['127.0.0.1', '127.0.0.2', 'localhost', 'LOCALHOST', '[::1]', 'keeper.internal']
  const foreign = [
    ...['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', 'evil.example@127.0.0.1', '0.0.0.0'],
    ...['192.0.2.1', '[2001:db8::1]', '[::ffff:192.0.2.1]', 'xlocalhost', '127.0.0.1, evil.example'],
  ]

  for (const name of ours) {
    for (const host of [name, `${name}:${port}`])
      assert.equal((await send('/healthz', { headers: { host } })).status, 200)
  }
  for (const name of foreign) {
    for (const path of ['/healthz', '/api/v1/status']) {
      const { status, code } = await send(path, { headers: { host: `${name}:${port}` } })
      assert.deepEqual([status, code], [403, 'host_refused'], name)
    }
  }
})

test('a page of another site cannot act, and one of this listener and a program can', async (context) => {
  const { send, put, events, port } = await listening(context)
  put('evt_1')
  const act = (headers: Record<string, string>) =>
    send(`${REPLAY}?preview=true`, { method: 'POST', headers: { ...JSON_BODY, ...headers }, body: '{"ids":["evt_1"]}' })
  const cross: Record<string, string>[] = [
    ...['https://evil.example', 'null', '', 'http://localhost', `http://127.0.0.1:${port + 1}`].map((origin) => ({
      origin,
    })),
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'cross-site' },
  ]

  for (const headers of cross) {
    const { status, code } = await act(headers)
    assert.deepEqual([status, code], [403, 'origin_refused'], JSON.stringify(headers))
  }
  assert.equal((await act({ origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' })).status, 200)
  assert.equal((await act({})).status, 200)
  const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
  const asked = await send(REPLAY, { method: 'OPTIONS', headers: preflight })
  assert.deepEqual([asked.status, asked.headers['access-control-allow-origin']], [403, undefined])
  assert.equal(events[0]?.entry.state, 'dead')
})

test('what is not JSON, or more than the limit, is refused and does nothing', async (context) => {
  const { send, put, events } = await listening(context)
  put('evt_1')
  const act = async (type: string | null, body: string, more: Record<string, string> = {}) => {
    const headers = { ...(type !== null && { 'content-type': type }), ...more }
    const { status, code } = await send(REPLAY, { method: 'POST', headers, body })
    return [status, code]
  }
  const body = '{"ids":["evt_1"]}'

  // Those that a form of any page can send without asking first.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', null])
    assert.deepEqual(await act(type, body), [415, 'content_type_refused'], String(type))
  const long = `{"ids":["evt_1"],"why":"${'x'.repeat(INPUT_BYTES_MAX)}"}`
  assert.deepEqual(await act('application/json', long), [413, 'input_too_large'])
  assert.deepEqual(await act('application/json', long, { 'transfer-encoding': 'chunked' }), [413, 'input_too_large'])
  assert.equal(events[0]?.entry.state, 'dead')

  assert.deepEqual(await act('application/json; charset=utf-8', body.padEnd(INPUT_BYTES_MAX)), [200, null])
  assert.equal(events[0]?.entry.state, 'waiting')
})

test('a port that somebody has is named, with the setting that changes it, and a later start can succeed', async (context) => {
  const holder = createServer().listen(0, '127.0.0.1')
  context.after(() => holder.close())
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  const listener = stopping(context, createPrivateListener({ app: setUp().api, port, log: silent }))

  await assert.rejects(listener.start(), failedWith('port_taken', new RegExp(String(port))))
  assert.equal(listener.address(), null)

  await new Promise((resolve) => holder.close(resolve))
  await listener.start()
  assert.equal(listener.address()?.port, port)
})

test('an open tail shows a change as it happens; stop ends it at once and resolves, whoever keeps its connection', async (context) => {
  const { listener, port, put, clock } = await listening(context)
  const agent = new Agent({ keepAlive: true })
  context.after(() => agent.destroy())
  const tail = await answerTo(opened(port, '/api/v1/tail', { agent }))
  assert.match(tail.headers['content-type'] ?? '', /^text\/event-stream/)
  put('evt_1')
  const [first] = await Promise.all([once(tail.setEncoding('utf8'), 'data'), clock.advance(250)])
  assert.match(first[0], /event: change\ndata: {"id":"evt_1"/)

  const cut = context.mock.method(Server.prototype, 'closeAllConnections')
  const [rest] = await Promise.all([textOf(tail), listener.stop()])

  assert.equal(rest, '')
  assert.equal(cut.mock.callCount(), 0, 'it ended by itself, before its grace was over')
  assert.equal(listener.address(), null)
  await assert.rejects(answerTo(opened(port, '/healthz')), { code: 'ECONNREFUSED' })
})

test('a request without a Host header is refused too', async (context) => {
  const { port } = await listening(context)
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  socket.end('GET /api/v1/status HTTP/1.0\r\n\r\n')

  let answer = ''
  for await (const chunk of socket) answer += chunk
  assert.match(answer, /^HTTP\/1\.1 403 /)
  assert.match(answer, /host_refused/)
})

test('of tails that come all at once no more stay open than there may be', async (context) => {
  const { api, put } = setUp()
  const together = Array.from({ length: TAILS_MAX + 3 }, () => api.request('/api/v1/tail'))
  const readers = (await Promise.all(together)).map((response) => response.body!.getReader())
  context.after(() => Promise.all(readers.map((reader) => reader.cancel())))

  put('evt_1')
  const read = await Promise.all(readers.map((reader) => reader.read()))
  assert.equal(read.filter(({ done }) => done).length, 3)
  assert.equal((await api.request('/api/v1/tail')).status, 503)
})
