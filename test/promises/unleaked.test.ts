import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { eventBody, signatureOf } from '../chaos/delivery.ts'
import { ledgerIn } from '../chaos/ground.ts'
import { Sender } from '../chaos/sender.ts'
import { Up, type UpOptions } from '../chaos/up.ts'
import { Place } from '../services/place.ts'

const CANARY = 'canary-4711'
/** Each has a handler that fails in a way of its own; the last two have none. */
const TYPES = [
  ...['invoice.paid', 'invoice.voided', 'charge.failed', 'charge.refunded', 'charge.updated'],
  ...['customer.updated', 'customer.created', 'customer.deleted', 'payout.paid', 'a.type.of.tomorrow'],
]
const ENDS: Readonly<Record<string, string>> = {
  'charge.refunded': 'wait',
  'payout.paid': 'done',
  'a.type.of.tomorrow': 'done',
}
const env = {
  LOG_LEVEL: 'debug',
  HOOKKEEPER_PROCESSING_HANDLER_MS: '200',
  HOOKKEEPER_PROCESSING_RETRY_ATTEMPTS: '3',
  HOOKKEEPER_PROCESSING_RETRY_BASE_MS: '5',
}
const WITHIN_MS = 20_000

test('handlers that fail with words from the body: no line of the whole run holds a value from one', async (t) => {
  const { up, lines, sender } = await running(t, { handlers: 'failing', env })
  const ended = TYPES.map((type) =>
    up.line(({ outcome, id }) => id === idOf(type) && outcome === (ENDS[type] ?? 'dead'), WITHIN_MS),
  )

  for (const type of [...TYPES, ...TYPES]) assert.equal((await sender.post(canaried(type))).status, 200)
  for (const { body, signature } of bad()) assert.equal((await sender.post(body, signature)).status, 400)
  await Promise.all(ended)
  const metrics = await up.text('/metrics')
  const stories = await Promise.all(TYPES.map((type) => up.text(`/api/v1/events/${idOf(type)}`)))
  assert.equal((await up.stop()).code, 0)

  assert.deepEqual(quoting(lines), [])
  assert.ok(!metrics.includes(CANARY))
  // A listing names customers and API versions, and says so; what a timeline keeps of an error is as free of values as the log.
  const timelines = stories.map((story) => JSON.stringify(JSON.parse(story).timeline))
  assert.deepEqual(quoting(timelines), [])
})

test('a destination that fails and quotes the event: no line of the whole run holds a value from it', async (t) => {
  const destination = await failingDestination(t)
  const forwarding = { ...env, HOOKKEEPER_FORWARD_TO: destination.url }
  const { up, lines, sender } = await running(t, { handlers: 'effects', env: forwarding })
  const refused = up.line(({ code }) => code === 'destination_failed', WITHIN_MS)
  const cut = up.line(({ code }) => code === 'destination_unreachable', WITHIN_MS)
  const shut = up.line(({ code }) => code === 'destination_breaker', WITHIN_MS)

  for (const type of TYPES) assert.equal((await sender.post(canaried(type))).status, 200)
  await Promise.all([refused, cut, shut])
  assert.equal((await up.stop()).code, 0)

  assert.ok(destination.quoted() > 0, 'the destination got the canary')
  assert.deepEqual(quoting(lines), [])
})

async function running(t: TestContext, how: Pick<UpOptions, 'handlers' | 'env'>) {
  const place = new Place('unleaked')
  t.after(() => place.end())
  const ledger = await ledgerIn(place)
  const up = await new Up({ place, ledger, port: await place.port(), ...how }).started()
  const lines: string[] = []
  up.onLine((line) => lines.push(JSON.stringify(line)))
  const sender = new Sender(up.origin)
  t.after(() => sender.close())
  return { up, lines, sender }
}

function quoting(lines: readonly string[]): string[] {
  assert.ok(lines.length >= 5, `only ${lines.length} lines to look at`)
  return lines.filter((line) => line.includes(CANARY))
}

const idOf = (type: string) => `evt_${type.replaceAll('.', '_')}`

/** The canary in every string of it but event id, object id, type and what says that it is an event. */
function canaried(type: string): Buffer {
  const event = JSON.parse(eventBody({ id: idOf(type), type }).toString())
  event.data.object.note = CANARY
  event.account = `acct_${CANARY.replace('-', '_')}`
  event.data.previous_attributes = { description: CANARY, lines: [CANARY] }
  const kept = new Set([event.id, event.type, 'event', event.data.object.id, event.account])
  return Buffer.from(
    JSON.stringify(event, (_, value) => (typeof value === 'string' && !kept.has(value) ? CANARY : value)),
  )
}

/** What is refused is not quoted either. */
function bad(): { body: Buffer; signature: string }[] {
  const noJson = Buffer.from(`{"note": "${CANARY}`)
  const noEvent = Buffer.from(JSON.stringify({ id: CANARY, object: CANARY }))
  const idless = Buffer.from(JSON.stringify({ id: [CANARY], object: 'event', type: CANARY }))
  return [
    ...[noJson, noEvent, idless].map((body) => ({ body, signature: signatureOf(body) })),
    { body: canaried('invoice.paid'), signature: `t=1,v1=${CANARY}` },
    { body: canaried('invoice.paid'), signature: CANARY },
  ]
}

/** Answers 500 with everything that it was sent; cuts one connection in three. */
async function failingDestination(t: TestContext) {
  let [requests, quoted] = [0, 0]
  const server = createServer(async (req, res) => {
    const body = await text(req)
    if (body.includes(CANARY)) quoted++
    if (++requests % 3 === 0) return void req.socket.destroy()
    res.writeHead(500, CANARY, { 'x-quoted': CANARY }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`, quoted: () => quoted }
}
