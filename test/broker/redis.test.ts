import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { BrokerError } from '../../src/broker/broker.ts'
import { readAddress } from '../../src/broker/redis/address.ts'
import { idsOf, message, messages, never, put, rest, take, within } from '../../src/testing/broker/promise.ts'
import { open } from '../conformance/broker-redis.ts'
import { Place } from '../services/place.ts'
import { redis } from '../services/redis.ts'
import { ask, startRedis } from '../services/redis-server.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'

const place = new Place('redis-broker')
after(() => place.end())
const real = { skip: redis.skip }

/** Longer than any trial: what comes again before that does so for another reason. */
const LONG_MS = 60_000

test('a URL says where the stream is, and one that does not is refused without its password', () => {
  const one = readAddress('rediss://user:p%40ss@[::1]:7000/3?stream=hooks&group=own&maxBytes=1024')
  const { tls, username, password, nodes, db, stream, group, bodyBytesMax } = one
  assert.deepEqual(
    { tls, username, password, nodes, db, stream, group, bodyBytesMax },
    {
      tls: true,
      username: 'user',
      password: 'p@ss',
      nodes: [{ host: '::1', port: 7000 }],
      db: 3,
      stream: 'hooks',
      group: 'own',
      bodyBytesMax: 1024,
    },
  )
  const watched = readAddress('redis+sentinel://a,b:1/hooks?db=2')
  assert.deepEqual(
    [watched.nodes[0]?.port, watched.nodes[1]?.port, watched.master, watched.db],
    [26_379, 1, 'hooks', 2],
  )
  assert.equal(readAddress('redis+cluster://a:1,b:2').kind, 'cluster')
  for (const [url, why] of [
    ['http://secret@a', /begins with none of/],
    ['redis://:secret@a,b', /several hosts/],
    ['redis+sentinel://:secret@a:1', /sentinels' master is missing/],
    ['redis+cluster://a/1', /no databases/],
    ['redis://:secret@a:b', /no host:port/],
    ['redis://:secret@a?streem=x', /no setting streem: there are stream, group, maxBytes/],
    ['redis://:secret@a?maxBytes=1e9', /maxBytes is no whole number/],
    ['redis://:secret%@a', /percent sign/],
  ] as const)
    assert.throws(
      () => readAddress(url),
      (error: Error) => why.test(error.message) && !/secret/.test(error.message),
    )
})

test('after a flush the group is made again, and what is appended then comes', real, async (t) => {
  const own = await startRedis(place)
  const broker = await open(own.url, LONG_MS)
  t.after(() => broker.close())
  await put(broker, messages('evt', 2))
  const [lent] = await take(broker, 2)
  await ask(own.url, 'FLUSHALL')
  await lent?.batch.ack()
  await put(broker, [message('evt_later')])

  assert.deepEqual(idsOf((await broker.receive({ max: 5, waitMs: 5_000 }, never)).messages), ['evt_later'])
})

test(
  'a full Redis refuses each message by itself, keeps what it has, and takes more once it has drained',
  real,
  async (t) => {
    const own = await startRedis(place, { maxmemory: '4mb' })
    const broker = await open(own.url, LONG_MS)
    t.after(() => broker.close())
    let kept = 0
    for (let n = 0; ; n++) {
      const [answer] = await broker.append([message(`evt_${n}`, { body: Buffer.alloc(100_000, 'x') })])
      if (answer === null) kept++
      else {
        assert.deepEqual([answer?.kind, /raise maxmemory/.test(answer?.message ?? '')], ['refused', true])
        break
      }
    }

    assert.equal((await take(broker, kept, { ack: true })).length, kept)
    await put(broker, [message('evt_later')])
  },
)

test('what a process that died had on loan comes long before its loans run out', real, async (t) => {
  const { url, port } = await redis.ready()
  const proxy = await new TcpProxy({ port }).start()
  const stream = '?stream=hooks-dead'
  const dying = await open(`${proxy.url(url)}${stream}`, LONG_MS)
  const other = await open(`${url}${stream}`, LONG_MS)
  t.after(() => other.close())
  await put(other, messages('evt', 3))
  assert.equal((await dying.receive({ max: 10, waitMs: 1_000 }, never)).messages.length, 3)
  await proxy.close()

  const came = await take(other, 3, { ack: true })
  assert.deepEqual(idsOf(came.map(({ message }) => message)).sort(), ['evt_0', 'evt_1', 'evt_2'])
  assert.ok(came.every(({ message }) => message.deliveries === 2))
  assert.match(await ask(url, 'XINFO', 'CONSUMERS', 'hooks-dead', 'hookkeeper'), /^\*1\r\n/)
  await dying.close()
})

test(
  'what Redis had lent over a connection that broke on the way comes as soon as there is another',
  real,
  async (t) => {
    const { url, port } = await redis.ready()
    const proxy = await new TcpProxy({ port }).start()
    t.after(() => proxy.close())
    const broker = await open(`${proxy.url(url)}?stream=hooks-broken`, LONG_MS)
    t.after(() => broker.close())
    const waiting = broker.receive({ max: 10, waitMs: 30_000 }, never)
    while (!/blocked_clients:[1-9]/.test(await ask(url, 'INFO', 'clients'))) await pause()
    proxy.freeze()
    await ask(url, 'XADD', 'hooks-broken', '*', 'event', '{}')
    while (!/^\*4\r\n:1\r\n/.test(await ask(url, 'XPENDING', 'hooks-broken', 'hookkeeper'))) await pause()
    proxy.cut()
    await proxy.heal()
    await assert.rejects(waiting, { kind: 'unreachable' })

    const [came] = await take(broker, 1, { ack: true })
    assert.deepEqual([came?.message.id, came?.message.deliveries], ['', 2])
  },
)

test('what is refused comes behind what waits, with how often it was lent', real, async (t) => {
  const { url } = await redis.ready()
  const broker = await open(`${url}?stream=hooks-refused`, LONG_MS)
  t.after(() => broker.close())
  await put(broker, messages('evt', 3))
  const first = await broker.receive({ max: 1, waitMs: 1_000 }, never)
  await first.refuse(first.messages[0]!, 'not now')

  const { messages: came } = await broker.receive({ max: 5, waitMs: 1_000 }, never)
  assert.deepEqual(
    came.map(({ id, deliveries }) => [id, deliveries]),
    [
      ['evt_1', 1],
      ['evt_2', 1],
      ['evt_0', 2],
    ],
  )
})

test('a foreign message that is refused says how often it was lent, and stays foreign', real, async (t) => {
  const { url } = await redis.ready()
  const broker = await open(`${url}?stream=hooks-foreign`, LONG_MS)
  t.after(() => broker.close())
  await ask(url, 'XADD', 'hooks-foreign', '*', 'event', '{"id":"evt_1"}')

  for (const deliveries of [1, 2, 3]) {
    const [came] = await take(broker, 1)
    assert.deepEqual(
      { ...came?.message, body: String(came?.message.body) },
      { id: '', key: '', attributes: {}, body: '{"id":"evt_1"}', deliveries },
    )
    await came?.batch.refuse(came.message, 'not now')
  }
})

test('a Redis that is silent, and one that is gone, are said to be out of reach within seconds', real, async (t) => {
  const { url, port } = await redis.ready()
  const proxy = await new TcpProxy({ port }).start()
  t.after(() => proxy.close())
  const broker = await open(`${proxy.url(url)}?stream=hooks-silent`, LONG_MS)
  t.after(() => broker.close())
  await put(broker, [message('evt_1')])
  await take(broker, 1, { ack: true })
  proxy.freeze()
  const reading = assert.rejects(broker.receive({ max: 1, waitMs: LONG_MS }, never), { kind: 'unreachable' })
  const [silent] = await within(8_000, broker.append([message('evt_2')]), 'an append to a silent Redis')
  assert.equal(silent?.kind, 'unreachable')
  await within(8_000, reading, 'a receive from a silent Redis')

  await proxy.refuse()
  proxy.cut()
  await broker.append([message('evt_3')])
  // It has been away for longer than a blip by now: nobody waits for it any more.
  const [gone] = await within(500, broker.append([message('evt_4')]), 'an append to a Redis that is gone')
  assert.ok(gone instanceof BrokerError)
  assert.doesNotMatch(gone.message, /evt_4/)
})

test('check says what would lose messages, and how to mend it', real, async (t) => {
  const careless = await startRedis(place, {
    appendfsync: 'everysec',
    maxmemory: '0',
    'maxmemory-policy': 'volatile-lru',
    'no-appendfsync-on-rewrite': 'yes',
  })
  const forgetful = await startRedis(place, { appendonly: 'no' })
  const closed = await startRedis(place)
  await ask(closed.url, 'ACL', 'SETUSER', 'default', '-config')
  await ask(careless.url, 'XGROUP', 'CREATE', 'hookkeeper', 'another', '0', 'MKSTREAM')
  const found = async (url: string) => {
    const broker = await open(url)
    t.after(() => broker.close())
    return (await broker.check()).map(({ level, what }) => `${level} ${what}`)
  }

  assert.deepEqual(await found(careless.url), [
    'wrong Redis answers before its disk has it (appendfsync everysec).',
    'wrong Redis does not sync its append-only file while it rewrites it (no-appendfsync-on-rewrite yes).',
    'wrong Redis throws data away when its memory is full (volatile-lru).',
    'worth Redis has no bound for its memory, so a long backlog ends in the system killing it.',
    'wrong The stream hookkeeper is read by other groups too (another), which miss what is acknowledged here.',
  ])
  assert.match((await found(forgetful.url))[0] ?? '', /^wrong Redis keeps no append-only file/)
  assert.match((await found(closed.url))[0] ?? '', /^worth This user may not read the settings of Redis/)
})

test('two receivers in one process take turns, and one that waits does not hold up the other', real, async (t) => {
  const { url } = await redis.ready()
  const broker = await open(`${url}?stream=hooks-turns`, LONG_MS)
  t.after(() => broker.close())
  const stop = new AbortController()
  const patient = broker.receive({ max: 1, waitMs: LONG_MS }, stop.signal)
  const hasty = broker.receive({ max: 1, waitMs: 100 }, never)

  assert.deepEqual((await within(5_000, hasty, 'the second receiver')).messages, [])
  stop.abort()
  assert.deepEqual((await within(2_000, patient, 'an aborted receive')).messages, [])
  assert.deepEqual(await rest(broker, 200), [])
})

const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
