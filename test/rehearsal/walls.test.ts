import assert from 'node:assert/strict'
import child_process, { execFileSync } from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { lookup } from 'node:dns/promises'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net, { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { Worker } from 'node:worker_threads'
import { Pool } from 'undici'
import { during, refusalIn, Trial } from '../../src/rehearsal/trial.ts'
import { raiseWalls, type Walls } from '../../src/rehearsal/walls.ts'

// This file is a process of its own: there is no way back behind the walls.
const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-walls-'))
const elsewhere = mkdtempSync(join(tmpdir(), 'hookkeeper-elsewhere-'))
const outside = join(elsewhere, 'app.db')
let connections = 0
let port = 0
let allowed = 0
let walls: Walls
const server = http.createServer((_, response) => response.end('out')).on('connection', () => connections++)
const friend = http.createServer((_, response) => response.end('friend'))
const datagrams = dgram.createSocket('udp4')
let received = 0

before(async () => {
  const listening = (one: http.Server) =>
    new Promise<number>((resolve) => one.listen(0, '127.0.0.1', () => resolve((one.address() as net.AddressInfo).port)))
  port = await listening(server)
  allowed = await listening(friend)
  datagrams.on('message', () => received++)
  await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve))
  walls = raiseWalls({ allow: [`127.0.0.1:${allowed}`, `localhost:${allowed}`], folder })
})

after(() => {
  for (const one of [server, friend]) one.close()
  datagrams.close()
  for (const one of [folder, elsewhere]) rmSync(one, { recursive: true })
})

/** Ends with what an emitter has to say of its failure. */
const failed = (emitter: NodeJS.EventEmitter): Promise<never> =>
  new Promise((_, reject) => emitter.once('error', reject))
const called = (begin: (told: (error: unknown) => void) => void): Promise<never> =>
  new Promise((_, reject) => begin((error) => error && reject(error)))

const WAYS: Record<string, () => unknown> = {
  'net.connect': () => failed(connect(port, '127.0.0.1')),
  'net.createConnection': () => failed(net.createConnection({ port, host: '127.0.0.1' })),
  'new net.Socket': () => failed(new net.Socket().connect({ port, host: 'localhost' })),
  'a local socket': () => failed(net.connect('/var/run/docker.sock')),
  'tls.connect': () => failed(tls.connect({ port, host: '127.0.0.1' })),
  'http.get': () => failed(http.get(`http://127.0.0.1:${port}/`)),
  'https.request': () => failed(https.request(`https://127.0.0.1:${port}/`)),
  'http2.connect': () => failed(http2.connect(`http://127.0.0.1:${port}`)),
  fetch: () => fetch(`http://127.0.0.1:${port}/`),
  'undici as a package': () => new Pool(`http://127.0.0.1:${port}`).request({ path: '/', method: 'GET' }),
  'dgram send': () =>
    called((told) => dgram.createSocket('udp4').send('x', datagrams.address().port, '127.0.0.1', told)),
  'dgram connect': () =>
    called((told) => dgram.createSocket('udp4').connect(datagrams.address().port, '127.0.0.1', told as () => void)),
  'dns.lookup': () => called((told) => dns.lookup('example.com', told)),
  'dns.resolve4': () => called((told) => dns.resolve4('example.com', told)),
  'dns/promises': () => lookup('example.com'),
  'dns.promises.resolveTxt': () => dns.promises.resolveTxt('example.com'),
  'dns.Resolver': () => called((told) => new dns.Resolver().resolve('example.com', told)),
  spawn: () => child_process.spawn('true'),
  execFileSync: () => execFileSync('true'),
  fork: () => child_process.fork('x.js'),
  'a worker': () => new Worker('1', { eval: true }),
  'another SQLite file': () => new DatabaseSync(outside).exec('create table t (x)'),
  'a statement for one': () => new DatabaseSync(outside).prepare('create table t (x)').run(),
}

for (const [way, tried] of Object.entries(WAYS)) {
  test(`${way} is refused, and its event is told`, async () => {
    const met: string[] = []
    const trial = new Trial(Buffer.from('{}'), (what) => met.push(what))

    await assert.rejects(
      during(trial, async () => tried()),
      (error) => refusalIn(error) !== null && refusalIn(error) !== 'denied',
    )

    assert.equal(met.length, 1)
    await assert.rejects(trial.end, { code: 'rehearsal_refused' })
  })
}

test('a WebSocket is refused', async () => {
  const met: string[] = []
  const trial = new Trial(Buffer.from('{}'), (what) => met.push(what))
  await during(
    trial,
    () => new Promise((resolve) => new WebSocket(`ws://127.0.0.1:${port}/`).addEventListener('error', resolve)),
  )
  assert.deepEqual(met, [`127.0.0.1:${port}`])
})

test('nothing of all that has arrived anywhere', async () => {
  const before = { strays: walls.strays }
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`))

  // To open a file that is not there makes an empty one.
  assert.deepEqual([connections, received, statSync(outside).size], [0, 0, 0])
  assert.equal(walls.strays, before.strays + 1)
})

test('what is allowed is reached, by each of its names', async () => {
  for (const host of ['127.0.0.1', 'localhost'])
    assert.equal(await (await fetch(`http://${host}:${allowed}/`)).text(), 'friend')
  new DatabaseSync(join(folder, 'own.db')).exec('create table t (x)')
  new DatabaseSync(':memory:').exec('create table t (x)')
})

test('an address that the event itself names is not told', () => {
  const trial = new Trial(Buffer.from('{"site":"shop.example"}'), () => {})
  assert.equal(trial.address('shop.example', '443'), 'an address that the event names')
  assert.equal(trial.address('api.example', '443'), 'api.example:443')
})
