import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import Stripe from 'stripe'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import { isDead, isLater } from '../../src/core/outcome.ts'
import type { HandlerContext } from '../../src/processing/context.ts'
import { type ForwardOptions, forward } from '../../src/processing/forward.ts'
import { event, room } from './room.ts'

const SECRET = 'whsec_forward'
type Answer = (request: Got, response: ServerResponse) => void
interface Got {
  readonly path: string
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly socket: IncomingMessage['socket']
  readonly port: number | undefined
}

/** A real destination on a free port. */
async function destination(t: TestContext, answer: Answer) {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { url: path = '', method = '', headers, socket } = request
    const one = { path, method, headers, socket, port: socket.remotePort, body: Buffer.concat(chunks) }
    got.push(one)
    answer(one, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { got, host, url: `http://${host}/hooks?x=1` }
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, headers).end('answer')
  }

/** One forward, wired to a clock of its own; `send` posts an event and gives what it threw. */
function wired(t: TestContext, url: string, options: ForwardOptions = {}) {
  const clock = new VirtualClock()
  const rerouted = new Set<string>()
  const to = forward(url, { secret: SECRET, ...options })
  to.wire({ clock, random: () => 0, secret: () => null, rerouted: (name) => rerouted.has(name) })
  t.after(() => to.close())
  const send = (signal = new AbortController().signal, sent = event()) => {
    const context = { attempt: 2, fence: 77, lane: 'default/cus_ü', bytes: sent.body, signal }
    return to(JSON.parse(Buffer.from(sent.body).toString()), context as unknown as HandlerContext).then(
      () => null,
      (error) => error,
    )
  }
  return { clock, rerouted, send, to }
}

test("the original bytes arrive, signed anew so that Stripe's own package verifies them, with what the attempt is", async (t) => {
  const { got, url } = await destination(t, status(200))
  const { clock, send } = wired(t, url, { headers: { 'x-mine': 'yes', 'stripe-signature': 'forged' } })
  const sent = event()

  assert.equal(await send(undefined, sent), null)

  const [request] = got
  assert.ok(request)
  assert.equal(`${request.method} ${request.path}`, 'POST /hooks?x=1')
  assert.deepEqual(request.body, Buffer.from(sent.body))
  const signature = String(request.headers['stripe-signature'])
  const at = Math.floor(clock.now() / 1_000)
  const verified = new Stripe('sk_test_x').webhooks.constructEvent(request.body, signature, SECRET, 300, undefined, at)
  assert.equal(verified.id, sent.id)
  const { headers } = request
  assert.equal(headers['x-mine'], 'yes')
  assert.equal(headers['hookkeeper-event'], sent.id)
  assert.equal(headers['hookkeeper-attempt'], '2')
  assert.equal(headers['hookkeeper-fence'], '77')
  assert.equal(decodeURIComponent(String(headers['hookkeeper-lane'])), 'default/cus_ü')
})

const rows: [number, Record<string, string>, string][] = [
  [200, {}, 'done'],
  [204, {}, 'done'],
  [301, { location: '/elsewhere' }, 'destination_failed'],
  [307, { location: '/elsewhere' }, 'destination_failed'],
  [400, {}, 'destination_failed'],
  [404, {}, 'destination_failed'],
  [410, {}, 'dead'],
  [429, {}, 'destination_failed'],
  [429, { 'retry-after': '7' }, 'later 7000'],
  [429, { 'retry-after': 'soon' }, 'destination_failed'],
  [500, { 'retry-after': '7' }, 'destination_failed'],
  [503, {}, 'destination_failed'],
  [503, { 'retry-after': '0' }, 'later 1000'],
  [503, { 'retry-after': '999999' }, 'later 3600000'],
  [503, { 'retry-after': new Date(Date.UTC(2026, 0, 1, 0, 0, 30)).toUTCString() }, 'later 30000'],
  [503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 'later 1000'],
]
for (const [code, headers, expected] of rows) {
  test(`${code} with ${JSON.stringify(headers)} is ${expected}, and asked for once`, async (t) => {
    const { got, url } = await destination(t, status(code, headers))
    const { send } = wired(t, url)

    const error = await send()

    assert.equal(verdict(error), expected)
    assert.equal(got.length, 1)
  })
}

function verdict(error: { code?: string; delayMs?: number } | null): string | undefined {
  if (error === null) return 'done'
  if (isDead(error)) return 'dead'
  return isLater(error) ? `later ${error.delayMs}` : error.code
}

test('a destination that hangs is a failure when its time is up', async (t) => {
  let arrived = () => {}
  const there = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const { url, host } = await destination(t, () => arrived())
  const { clock, send } = wired(t, url, { timeoutMs: 3_000 })

  const sending = send()
  await there
  await clock.advance(3_000)

  const error = await sending
  assert.equal(error.code, 'destination_unreachable')
  assert.equal(error.message, `${host} could not be reached: no answer in 3000 ms.`)
})

test('an abort ends the request with its own reason', async (t) => {
  const abort = new AbortController()
  const { url } = await destination(t, () => abort.abort(new Error('stopping')))
  const { send } = wired(t, url)

  assert.equal((await send(abort.signal)).message, 'stopping')
})

test('a closed connection and a refused one are failures', async (t) => {
  const { url } = await destination(t, (request) => request.socket.destroy())
  const closed = wired(t, url)
  const refused = wired(t, 'http://127.0.0.1:1/')

  assert.equal((await closed.send()).code, 'destination_unreachable')
  assert.match((await refused.send()).message, /could not be reached: ECONNREFUSED/)
})

test('an endless answer is cut off, and its status stands', async (t) => {
  let written = 0
  const { url } = await destination(t, (request, response) => {
    response.writeHead(200)
    const chunk = Buffer.alloc(16_384)
    const more = () => {
      while (!request.socket.destroyed && response.write(chunk)) written += chunk.length
      written += chunk.length
    }
    response.on('drain', more).on('error', () => {})
    more()
  })
  const { send } = wired(t, url)

  assert.equal(await send(), null)
  assert.ok(written < 64 * 1024 * 1024)
})

test('the connection is kept between events', async (t) => {
  const { got, url } = await destination(t, status(200))
  const { send } = wired(t, url)

  for (let n = 0; n < 20; n++) await send()

  // The first may still be on its way back to the pool when the second event is sent.
  assert.ok(new Set(got.map(({ port }) => port)).size <= 2)
})

test('after five failures in a row events wait without being sent, then one tries, and its success lets all through', async (t) => {
  let code = 500
  const { got, host, url } = await destination(t, (request, response) => status(code)(request, response))
  const { clock, send } = wired(t, url)
  for (let n = 0; n < 5; n++) assert.equal((await send()).code, 'destination_failed')

  const waits = await send()
  assert.equal(verdict(waits), 'later 5000')
  assert.equal(waits.cause.message, `${host} failed too often; nothing is sent to it for 5000 ms.`)
  assert.equal(got.length, 5)

  await clock.advance(5_000)
  assert.equal((await send()).code, 'destination_failed', 'the first probe fails: open again, twice as long')
  assert.equal(verdict(await send()), 'later 10000')

  code = 200
  await clock.advance(10_000)
  const [probe, other] = await Promise.all([send(), send()])
  assert.equal(probe, null)
  assert.equal(verdict(other), 'later 1000', 'only one event probes')
  assert.equal(await send(), null)
  assert.equal(got.length, 8)
})

test('answers about one event, and wishes to be left alone, do not open the breaker', async (t) => {
  const answers = [400, 404, 429, 410, 400, 404, 422, 400]
  const { got, url } = await destination(t, (request, response) => {
    status(answers[got.length - 1] ?? 503, { 'retry-after': '1' })(request, response)
  })
  const { send } = wired(t, url)

  for (let n = 0; n < 20; n++) await send()

  assert.equal(got.length, 20)
})

test('the secondary takes events only while the destination is rerouted', async (t) => {
  const primary = await destination(t, status(500))
  const secondary = await destination(t, status(200))
  const { rerouted, send, to } = wired(t, primary.url, { secondary: secondary.url })

  assert.equal((await send()).code, 'destination_failed')
  rerouted.add(primary.host)
  assert.equal(await send(), null)
  rerouted.delete(primary.host)
  assert.equal((await send()).code, 'destination_failed')

  assert.deepEqual([primary.got.length, secondary.got.length], [2, 1])
  assert.deepEqual(to.destination, { name: primary.host, secondary: secondary.host })
})

test('an address that is none, or holds a password, is refused at once; no secret is refused when it starts', () => {
  for (const url of ['', 'localhost:3000', 'ftp://x/', 'http://me:secret@x/'])
    assert.throws(() => forward(url), { code: 'config_invalid' })
  const unsigned = forward('http://127.0.0.1:1/')
  const wiring = { clock: new VirtualClock(), random: () => 0, secret: () => null, rerouted: () => false }

  assert.throws(() => unsigned.wire(wiring), { code: 'secret_missing' })
  unsigned.wire({ ...wiring, secret: () => SECRET })
})

test('in a worker: an event is forwarded and done; while the breaker is open attempts are not spent', async (t) => {
  let code = 500
  const { got, host, url } = await destination(t, (request, response) => status(code)(request, response))
  const { clock, ledger, handlers, worker } = room({ concurrency: 1 })
  handlers.on('*', forward(url, { concurrency: 4 }))
  handlers.wire({ clock, random: () => 0, secret: () => SECRET, rerouted: () => false })
  t.after(() => handlers.close())
  assert.deepEqual(handlers.destinations(), [{ name: host, secondary: null }])
  assert.equal(handlers.all[0]?.concurrency, 4)

  const refs = Array.from({ length: 6 }, () => ledger.add(event()))
  await worker.start()
  while (ledger.settled.length < 6) await settled()

  assert.deepEqual(
    refs.map((ref) => ledger.row(ref).attempts),
    [1, 1, 1, 1, 1, 0],
  )
  assert.equal(got.length, 5)
  code = 200
  for (const ref of refs) {
    while (ledger.row(ref).state !== 'done') {
      await clock.advance(1_000)
      while (ledger.running > 0) await settled()
    }
  }
  await worker.stop()
})
