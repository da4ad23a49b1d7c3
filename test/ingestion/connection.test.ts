import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { after, test } from 'node:test'
import { breath, systemClock } from '../../src/core/clock.ts'
import { refusal } from '../../src/ingestion/answer.ts'
import { Connection } from '../../src/ingestion/connection.ts'
import { createPublicListener, type PublicLimits } from '../../src/ingestion/http.ts'
import { eventBody, given, signed } from './fixture.ts'

const stops: (() => Promise<void>)[] = []
after(() => Promise.all(stops.map((stop) => stop())))

async function connected(limits: Partial<PublicLimits> = {}) {
  const parts = given()
  const { intake, log } = parts
  const listener = createPublicListener({ host: '127.0.0.1', port: 0, intake, clock: systemClock, log, limits })
  await listener.start()
  stops.push(() => listener.stop())
  const line = new Line(connect(listener.address().port, '127.0.0.1'))
  return { ...parts, listener, line }
}

/** A socket, and the statuses that came on it. */
class Line {
  readonly socket: Socket
  #text = ''
  #heard: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    const hear = () => {
      for (const heard of this.#heard.splice(0)) heard()
    }
    socket.on('error', () => {})
    socket.on('close', hear)
    socket.on('data', (chunk) => {
      this.#text += chunk
      hear()
    })
  }

  get statuses(): string[] {
    return this.#text.match(/(?<=HTTP\/1\.1 )\d{3}/g) ?? []
  }

  get text(): string {
    return this.#text
  }

  async until(enough: () => boolean): Promise<void> {
    while (!enough()) await new Promise<void>((resolve) => this.#heard.push(resolve))
  }
}

function delivery(id: string, more = ''): string {
  const body = eventBody({ id })
  const head = `POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: ${signed(body)}\r\n${more}`
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`
}

test('deliveries follow one another on a connection, plain and odd ones, and each is answered in its turn', async () => {
  const { line, ledger } = await connected()

  for (const [i, more] of ['', '', 'Expect: 100-continue\r\n', '', 'X-Odd: \xff\r\n'].entries()) {
    line.socket.write(delivery(`evt_${i}`, more), 'latin1')
    await line.until(() => line.statuses.filter((status) => status === '200').length === i + 1)
  }

  assert.deepEqual(
    ledger.admitted.map(({ id }) => id),
    ['evt_0', 'evt_1', 'evt_2', 'evt_3', 'evt_4'],
  )
})

test('two deliveries in one piece are both answered', async () => {
  const { line, ledger } = await connected()

  line.socket.write(delivery('evt_1') + delivery('evt_2'))
  await line.until(() => line.statuses.length === 2)

  assert.deepEqual(line.statuses, ['200', '200'])
  assert.equal(ledger.ids.size, 2)
})

test('what comes before the answer is out waits for it, also when half of it is missing', async () => {
  const { line, ledger } = await connected()
  const open = ledger.hold()
  const [second, third] = [delivery('evt_2'), delivery('evt_3')]
  line.socket.setNoDelay(true)

  line.socket.write(delivery('evt_1'))
  await admitting(ledger)
  line.socket.write(second.slice(0, 40))
  line.socket.write(second.slice(40) + third)
  open()
  await line.until(() => line.statuses.length === 3)

  assert.deepEqual(line.statuses, ['200', '200', '200'])
  assert.deepEqual(
    ledger.admitted.map(({ id }) => id),
    ['evt_1', 'evt_2', 'evt_3'],
  )
})

test('a sender that has said all and waits is answered, and then the connection ends', async () => {
  const { line, ledger } = await connected()
  const open = ledger.hold()

  line.socket.end(delivery('evt_1'))
  await admitting(ledger)
  open()
  await line.until(() => line.socket.closed)

  assert.deepEqual(line.statuses, ['200'])
})

test('a sender that leaves before its answer harms nobody, and its event is recorded', async () => {
  const { line, ledger } = await connected()
  const open = ledger.hold()

  line.socket.write(delivery('evt_1'))
  await admitting(ledger)
  line.socket.resetAndDestroy()
  open()
  await line.until(() => line.socket.closed)

  assert.equal(ledger.ids.size, 1)
})

test('a connection that is quiet for too long between two deliveries is closed', async () => {
  const { line } = await connected({ keepAliveMs: 50 })

  line.socket.write(delivery('evt_1'))
  await line.until(() => line.socket.closed)

  assert.deepEqual(line.statuses, ['200'])
  assert.match(line.text, /^Connection: keep-alive\r$/m)
  assert.match(line.text, /^Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r$/m)
})

test('stop closes what is quiet at once, and what is busy with its answer', async () => {
  const { line, listener, ledger } = await connected()
  const quiet = new Line(connect(listener.address().port, '127.0.0.1'))
  quiet.socket.write(delivery('evt_0'))
  await quiet.until(() => quiet.statuses.length === 1)
  const open = ledger.hold()
  line.socket.write(delivery('evt_1'))
  await admitting(ledger)

  const stopped = listener.stop()
  await quiet.until(() => quiet.socket.closed)
  open()
  await stopped
  await line.until(() => line.socket.closed)

  assert.deepEqual(line.statuses, ['200'])
  assert.match(line.text, /^Connection: close\r$/m)
})

test('a sender that never reads its answers is cut off before they fill the memory', async () => {
  const socket = new Duplex({ read() {}, write() {} })
  let gone = 0
  new Connection(socket as Socket, {
    receive: () => refusal('signature_mismatch'),
    handOver: () => assert.fail('it was plain'),
    onTheWire: () => Buffer.alloc(1_000),
    closing: () => false,
    now: () => 0,
    gone: () => gone++,
  })

  let most = 0
  for (let n = 0; n < 1_000 && !socket.destroyed; n++) {
    socket.push(delivery(`evt_${n}`))
    await breath()
    most = Math.max(most, socket.writableLength)
  }

  assert.ok(socket.destroyed)
  assert.ok(most < 70_000, `${most} bytes lay there`)
})

/** Resolves when the ledger is next asked to admit something. */
function admitting(ledger: { admit: (events: never) => unknown }): Promise<void> {
  const admit = ledger.admit.bind(ledger)
  return new Promise((resolve) => {
    ledger.admit = (events: never) => {
      resolve()
      return admit(events)
    }
  })
}
