import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import { TcpProxy } from './tcp-proxy.ts'

test('what is sent arrives whole and in order in both directions, ends included', async (t) => {
  const { dial } = await scene(t)
  const client = await dial()
  const sent = Buffer.alloc(3_000_000, 'hooks ')

  client.end(sent)

  assert.ok(Buffer.concat(await client.toArray()).equals(sent))
})

test('cut connections are reset for both sides, and new ones pass', async (t) => {
  const { proxy, dial, taken } = await scene(t)
  const client = await dial()
  await heard(client, 'one')
  const atServer = error(taken[0]!)

  proxy.cut()

  assert.equal(await error(client), 'ECONNRESET')
  assert.equal(await atServer, 'ECONNRESET')
  await heard(await dial(), 'two')
  assert.equal(proxy.connections, 1)
})

test('a side that is not told of the cut keeps its connection until it is healed', async (t) => {
  const { proxy, dial, taken } = await scene(t)
  const client = await dial()
  await heard(client, 'one')

  const told = error(client)
  proxy.cut('client')
  await told

  assert.equal(taken[0]!.readyState, 'open')
  const after = error(taken[0]!)
  await proxy.heal()
  assert.equal(await after, 'ECONNRESET')
})

test('refused is what new connections are, at the same port until it is healed; those there are go on', async (t) => {
  const { proxy, dial } = await scene(t)
  const client = await dial()

  await proxy.refuse()

  await assert.rejects(dial(), { code: 'ECONNREFUSED' })
  await heard(client, 'still here')
  await proxy.heal()
  await heard(await dial(), 'back')
})

test('what is delayed arrives when its time has come, and in order when the delay ends before that', async (t) => {
  const { proxy, dial, clock, taken } = await scene(t)
  const client = await dial()
  await heard(client, 'one')
  proxy.delay(300)
  const arrived: string[] = []
  taken[0]!.on('data', (piece) => arrived.push(String(piece)))

  client.write('slow ')
  while (clock.next() === null) await settled()
  proxy.delay(0)
  client.write('and fast')
  await clock.advance(299)
  assert.deepEqual(arrived, [])
  await clock.advance(1)

  while (arrived.join('') !== 'slow and fast') await settled()
})

test('frozen connections, old and new, stay and are silent; what was sent meanwhile arrives when they are healed', async (t) => {
  const { proxy, dial, taken } = await scene(t)
  const old = await dial()
  await heard(old, 'one')

  proxy.freeze()
  const young = await dial()
  const answers = [once(old, 'data'), once(young, 'data')]
  old.write('two')
  young.write('three')
  // A whole way through the machine's own network, and nothing came of it.
  await heard(await dial(taken[0]!.localPort), 'four')
  assert.equal(old.readableLength + young.readableLength, 0)
  assert.equal(old.readyState, 'open')

  await proxy.heal()
  assert.deepEqual((await Promise.all(answers)).map(String), ['two', 'three'])
})

test('a server that is not there looks to the client like one that went away', async (t) => {
  const { proxy, dial, close } = await scene(t)
  await close()

  assert.equal(await error(await dial()), 'ECONNRESET')
  while (proxy.connections > 0) await settled()
})

/** A server that says back what it hears, behind a proxy. */
async function scene(t: TestContext) {
  const taken: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    taken.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clock = new VirtualClock()
  const proxy = await new TcpProxy({ port }, clock).start()
  const dialled: Socket[] = []
  const close = async () => {
    if (!server.listening) return
    server.close()
    for (const socket of [...taken, ...dialled]) socket.destroy()
    await once(server, 'close')
  }
  t.after(async () => {
    await proxy.close()
    await close()
  })
  const dial = async (at = proxy.port) => {
    const socket = connect({ port: at, host: '127.0.0.1', allowHalfOpen: true })
    dialled.push(socket)
    await once(socket, 'connect')
    return socket
  }
  return { proxy, clock, taken, dial, close }
}

async function heard(socket: Socket, text: string): Promise<void> {
  const answer = once(socket, 'data')
  socket.write(text)
  assert.equal(String((await answer)[0]), text)
}

const error = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')))
