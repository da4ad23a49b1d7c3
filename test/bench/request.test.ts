import assert from 'node:assert/strict'
import { test } from 'node:test'
import Stripe from 'stripe'
import { Requests } from '../../bench/load/request.ts'

const SECRET = 'whsec_bench_test'
const NOW = Date.UTC(2026, 4, 9, 12)
const origin = { port: 40_000, path: '/webhooks/stripe', secret: SECRET, lanes: 100, nonce: 'n1' }

test("each request carries a signature that Stripe's own package accepts", () => {
  for (const { headers, body } of made(500)) {
    const event = Stripe.webhooks.constructEvent(body, headers['stripe-signature']!, SECRET, 300, undefined, NOW)
    assert.equal(event.type, 'charge.succeeded')
  }
})

test('each body is pretty-printed, of about 2.9 KB, and as long as its header says', () => {
  for (const { headers, body } of made(64)) {
    assert.equal(Number(headers['content-length']), body.length)
    assert.ok(body.length > 2_800 && body.length < 3_000, `${body.length} bytes`)
    assert.equal(body.toString(), JSON.stringify(JSON.parse(body.toString()), null, 2))
  }
})

test('no event id and no charge id comes twice, and customers stay within the lanes', () => {
  const events = made(5_000).map(({ body }) => JSON.parse(body.toString()))

  assert.equal(new Set(events.map(({ id }) => id)).size, events.length)
  assert.equal(new Set(events.map(({ data }) => data.object.id)).size, events.length)
  assert.equal(new Set(events.map(({ data }) => data.object.customer)).size, origin.lanes)
})

test('two runs with different nonces share no id', () => {
  const ids = new Set(made(1_000).map(({ body }) => JSON.parse(body.toString()).id))
  const others = made(1_000, { ...origin, nonce: 'n2' }).map(({ body }) => JSON.parse(body.toString()).id)
  assert.ok(others.every((id) => !ids.has(id)))
})

test('ids begin with the time, and created and t follow the clock', () => {
  const requests = new Requests(origin)
  const [first, second] = [NOW, NOW + 3_600_000].map((now) => {
    const { headers, body } = read(requests, now)
    const event = JSON.parse(body.toString())
    assert.equal(event.created, now / 1_000)
    assert.equal(event.data.object.created, now / 1_000)
    assert.match(headers['stripe-signature']!, new RegExp(`^t=${now / 1_000},v1=`))
    return event.id as string
  })
  assert.ok(first! < second!)
})

test('metadata.sent is when the request was meant to be sent, in microseconds', () => {
  const { body } = read(new Requests(origin), NOW, 1_234_567.8905)
  assert.equal(JSON.parse(body.toString()).data.object.metadata.sent, '0000001234567891')
})

function made(count: number, from = origin) {
  const requests = new Requests(from)
  return Array.from({ length: count }, () => read(requests, NOW))
}

function read(requests: Requests, now: number, meantAt = 0): { headers: Record<string, string>; body: Buffer } {
  const bytes = Buffer.alloc(requests.bytesMax)
  requests.writeHead(bytes)
  const request = bytes.subarray(0, requests.write(bytes, now, meantAt))
  const end = request.indexOf('\r\n\r\n')
  const [line, ...headers] = request.toString('latin1', 0, end).split('\r\n')
  assert.equal(line, 'POST /webhooks/stripe HTTP/1.1')
  return {
    headers: Object.fromEntries(headers.map((header) => header.toLowerCase().split(': ', 2))),
    body: request.subarray(end + 4),
  }
}
