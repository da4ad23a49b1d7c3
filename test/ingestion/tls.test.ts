import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect, type PeerCertificate, type SecureVersion } from 'node:tls'
import { type Clock, systemClock, VirtualClock } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import { createPublicListener, type PublicLimits } from '../../src/ingestion/http.ts'
import { eventBody, given, NOW, signed } from './fixture.ts'

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'
const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-tls-'))
after(() => rmSync(folder, { recursive: true }))

const certFile = join(folder, 'cert.pem')
const keyFile = join(folder, 'key.pem')
const certify = (name: string) =>
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      keyFile,
      '-out',
      certFile,
    ],
    { stdio: 'ignore' },
  )

const listener = (limits: Partial<PublicLimits> = {}, clock: Clock = systemClock) => {
  const parts = given()
  const { intake, log } = parts
  const tls = { certFile, keyFile }
  return {
    ...parts,
    listener: createPublicListener({ host: '127.0.0.1', port: 0, intake, clock, log, limits, tls }),
  }
}

function post(port: number, body: Buffer): Promise<{ status: number; name: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'Stripe-Signature': signed(body) }
    const req = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/webhooks/stripe',
      rejectUnauthorized: false,
      agent: false,
      headers,
    })
    req.on('response', (res) => {
      const peer = (res.socket as unknown as { getPeerCertificate(): PeerCertificate }).getPeerCertificate()
      res.resume().on('end', () => resolve({ status: res.statusCode ?? 0, name: String(peer.subject.CN) }))
    })
    req.on('error', reject).end(body)
  })
}

const handshake = (port: number, version: SecureVersion): Promise<string> =>
  new Promise((resolve) => {
    const options = {
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    }
    const socket = connect(options, () => {
      resolve(socket.getProtocol() ?? '')
      socket.destroy()
    })
    socket.on('error', () => resolve('refused'))
  })

test('TLS 1.2 and 1.3 are spoken, nothing older, and events pass', { skip }, async () => {
  certify('first')
  const { listener: secure, ledger } = listener()
  await secure.start()
  const { port } = secure.address()
  assert.deepEqual(await post(port, eventBody()), { status: 200, name: 'first' })
  assert.equal(ledger.admitted.length, 1)
  assert.equal(await handshake(port, 'TLSv1.2'), 'TLSv1.2')
  assert.equal(await handshake(port, 'TLSv1.3'), 'TLSv1.3')
  assert.equal(await handshake(port, 'TLSv1.1'), 'refused')
  await secure.stop()
})

/** A listener that is about to stop, with a connection that it has accepted and that has not said a word. */
async function silentBeforeStop() {
  certify('stopping')
  const clock = new VirtualClock(NOW)
  const { listener: secure } = listener({ stopMs: 200, headersMs: 3_600_000, requestMs: 3_600_000 }, clock)
  await secure.start()
  const { port } = secure.address()
  const socket = connectPlain(port, '127.0.0.1').on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  // Connections are accepted one after another.
  await post(port, eventBody())
  return { clock, secure, socket, closed }
}

const shakeHands = (socket: Socket) => connect({ socket, rejectUnauthorized: false }).on('error', () => {})

test('a connection whose handshake begins while the listener stops is ended with it', { skip }, async () => {
  const { secure, socket, closed } = await silentBeforeStop()

  const stopped = secure.stop()
  shakeHands(socket)

  await stopped
  await closed
})

test('a connection that never shakes hands keeps the listener for as long as requests under way may', {
  skip,
}, async () => {
  const { clock, secure, closed } = await silentBeforeStop()

  const stopped = secure.stop()
  await clock.advance(200)

  await stopped
  await closed
})

test('bytes that are no TLS at all harm nobody', { skip }, async () => {
  certify('garbage')
  const { listener: secure, ledger } = listener()
  await secure.start()
  const { port } = secure.address()
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', Buffer.from([0x16, 3, 1, 255, 255, 1]), Buffer.alloc(70_000, 7)]) {
    await new Promise<void>((resolve) => {
      const socket = connectPlain(port, '127.0.0.1', () => socket.end(bytes))
      socket.on('error', () => {}).on('close', () => resolve())
      socket.resume()
    })
  }
  assert.equal((await post(port, eventBody())).status, 200)
  assert.equal(ledger.admitted.length, 1)
  await secure.stop()
})

test('reload serves the new certificate, and keeps the old one when the new one cannot be used', { skip }, async () => {
  certify('old')
  const { listener: secure } = listener()
  await secure.start()
  const { port } = secure.address()

  certify('new')
  assert.equal((await post(port, eventBody())).name, 'old')
  await secure.reload()
  assert.equal((await post(port, eventBody())).name, 'new')

  writeFileSync(certFile, 'torn')
  await assert.rejects(secure.reload(), (error) => hasCode(error, 'config_invalid'))
  assert.equal((await post(port, eventBody())).name, 'new')
  await secure.stop()
})

test('files that are missing or do not belong together refuse to start, in one sentence', { skip }, async () => {
  certify('one')
  const cert = execFileSync('cat', [certFile])
  certify('two')
  writeFileSync(certFile, cert)
  await assert.rejects(
    listener().listener.start(),
    (error) => hasCode(error, 'config_invalid') && /belong/.test(error.message),
  )

  rmSync(certFile)
  await assert.rejects(
    listener().listener.start(),
    (error) => hasCode(error, 'config_invalid') && error.message.includes(certFile),
  )
})
