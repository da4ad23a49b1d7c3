import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import type { Cluster } from '../../src/index.ts'
import { eventBody, PATH, SECRET, signatureOf } from '../chaos/delivery.ts'
import { ledgerFor } from '../chaos/ground.ts'
import { here, senderTo, stored } from '../chaos/here.ts'

const GOOD = eventBody({ id: 'evt_good' })
const now = () => systemClock.now()
const post = (body: Uint8Array | string, headers: readonly string[] = []) =>
  Buffer.concat([Buffer.from(head(`POST ${PATH}`, body.length, headers)), Buffer.from(body)])
const head = (line: string, length: number, headers: readonly string[]) =>
  `${[`${line} HTTP/1.1`, 'Host: here', `Content-Length: ${length}`, ...headers].join('\r\n')}\r\n\r\n`
const signed = (body: Uint8Array, at = now(), secret = SECRET) =>
  post(body, [`Stripe-Signature: ${signatureOf(body, at, secret)}`])
const cut = (body: Uint8Array, length: number) => body.subarray(0, length)

interface Row {
  readonly what: string
  readonly status: number
  readonly code: string
  readonly bytes: () => Uint8Array
  /** The sender ends its side once it has sent. */
  readonly ends?: true
}

const rows: readonly Row[] = [
  { what: 'no signature', status: 400, code: 'signature_missing', bytes: () => post(GOOD) },
  {
    what: 'a wrong secret',
    status: 400,
    code: 'signature_mismatch',
    bytes: () => signed(GOOD, now(), 'whsec_of_somebody_else'),
  },
  {
    what: 'a signature of yesterday',
    status: 400,
    code: 'timestamp_too_old',
    bytes: () => signed(GOOD, now() - 86_400_000),
  },
  {
    what: 'a signature of tomorrow',
    status: 400,
    code: 'timestamp_in_future',
    bytes: () => signed(GOOD, now() + 86_400_000),
  },
  {
    what: 'a signature that cannot be read',
    status: 400,
    code: 'signature_malformed',
    bytes: () => post(GOOD, ['Stripe-Signature: v1=hello']),
  },
  {
    what: 'a body that lost its end, under the signature of the whole',
    status: 400,
    code: 'signature_mismatch',
    bytes: () => post(cut(GOOD, 500), [`Stripe-Signature: ${signatureOf(GOOD)}`]),
  },
  {
    what: 'a body of which the end never comes',
    status: 400,
    code: 'request_torn',
    bytes: () => cut(signed(GOOD), signed(GOOD).length - 100),
    ends: true,
  },
  { what: 'no body', status: 400, code: 'body_empty', bytes: () => signed(Buffer.alloc(0)) },
  {
    what: 'well signed, not JSON',
    status: 400,
    code: 'body_not_json',
    bytes: () => signed(Buffer.from('{"id": "evt_')),
  },
  {
    what: 'well signed JSON that is no event',
    status: 400,
    code: 'body_not_event',
    bytes: () => signed(Buffer.from('{"id": "cus_1", "object": "customer"}')),
  },
  {
    what: 'well signed JSON that is no object',
    status: 400,
    code: 'body_not_event',
    bytes: () => signed(Buffer.from('[]')),
  },
  { what: 'a body of 2 MiB', status: 413, code: 'body_too_large', bytes: () => signed(Buffer.alloc(2 ** 21, ' ')) },
  {
    what: 'both lengths',
    status: 400,
    code: 'request_malformed',
    bytes: () => post(GOOD, ['Transfer-Encoding: chunked', `Stripe-Signature: ${signatureOf(GOOD)}`]),
  },
  {
    what: 'garbage',
    status: 400,
    code: 'request_malformed',
    bytes: () => Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  },
  {
    what: 'headers of 64 KB',
    status: 431,
    code: 'headers_too_large',
    bytes: () => post(GOOD, [`X-Long: ${'x'.repeat(65_536)}`]),
  },
  {
    what: 'another method',
    status: 405,
    code: 'method_not_allowed',
    bytes: () => Buffer.from(head(`GET ${PATH}`, 0, [])),
  },
  { what: 'another path', status: 404, code: 'path_unknown', bytes: () => Buffer.from(head('POST /webhooks', 0, [])) },
  {
    what: 'an endpoint that is not configured',
    status: 404,
    code: 'endpoint_unknown',
    bytes: () => Buffer.from(head(`POST ${PATH}/nobody`, 0, [])),
  },
]

test('bad input: the right status and code, and nothing is stored', async (t) => {
  const cluster = here(t, await ledgerFor(t))
  cluster.on('*', () => assert.fail('bad input was worked'))
  await cluster.start()

  for (const row of rows) {
    await t.test(`${row.what}: ${row.status} ${row.code}`, async () => {
      const { status, code } = await answerTo(cluster, row)
      assert.deepEqual({ status, code }, { status: row.status, code: row.code })
      assert.deepEqual(await stored(cluster), { events: 0, strays: 0 })
    })
  }

  assert.equal((await senderTo(t, cluster).post(GOOD)).status, 200)
})

/** Bytes over a socket of their own, and what came back. */
async function answerTo(cluster: Cluster, { bytes, ends }: Row): Promise<{ status: number; code: string }> {
  const { hostname, port } = new URL(cluster.publicAddress() ?? '')
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(bytes())
  if (ends) socket.end()
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (/\r\n\r\n.*}\s*$/s.test(text)) break
  }
  socket.destroy()
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
  return { status, code: JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)).error.code }
}
