import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../../src/broker/broker.ts'
import { idsOf, messages, put, take, until } from '../../src/testing/broker/promise.ts'
import { Place } from '../services/place.ts'
import { redis } from '../services/redis.ts'
import { startCluster, startSentinel } from '../services/redis-topology.ts'
import { open } from './broker-redis.ts'

test('by way of a sentinel, messages survive a fail-over to a replica that has them', {
  skip: redis.skip,
}, async (t) => {
  const place = new Place('sentinel')
  t.after(() => place.end())
  const { port, name, master, caughtUp } = await startSentinel(place)
  const broker = await open(`redis+sentinel://127.0.0.1:${port}/${name}?stream=hooks`)
  t.after(() => broker.close())
  const sent = messages('evt', 10)
  await put(broker, sent)
  const [first] = await take(broker, 10)
  await first?.batch.ack([first.message])
  await caughtUp()
  assert.match((await broker.check())[0]?.what ?? '', /has 1 replica; a fail-over loses/)

  await master.kill()
  await takesAgain(broker)

  const came = await take(broker, 10, { ack: true })
  const wanted = idsOf(sent.slice(1))
  assert.deepEqual(
    wanted.filter((id) => !came.some(({ message }) => message.id === id)),
    [],
  )
})

test('in a cluster a stream is appended to, read and acknowledged on the master that has it', {
  skip: redis.skip,
}, async (t) => {
  const place = new Place('cluster')
  t.after(() => place.end())
  const nodes = await startCluster(place)
  const broker = await open(`redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?stream=hooks`)
  t.after(() => broker.close())
  assert.deepEqual(await broker.check(), [])

  await put(broker, messages('evt', 10))
  const taken = await take(broker, 10)
  const refused = taken[0]!
  await refused.batch.refuse(refused.message, 'not now')
  for (const { batch } of taken) await batch.ack()

  const [again] = await take(broker, 1, { ack: true })
  assert.equal(again?.message.id, refused.message.id)
  assert.ok(again.message.deliveries >= 2)
  assert.deepEqual(await broker.backlog(), { waiting: 0, oldestMs: 0 })
  const stop = new AbortController()
  const waiting = broker.receive({ max: 1, waitMs: 60_000 }, stop.signal)
  stop.abort()
  assert.deepEqual((await waiting).messages, [])
})

async function takesAgain(broker: Broker): Promise<void> {
  const [late] = messages('evt_late', 1)
  await until(async () => (await broker.append([late!]))[0] === null, 'it takes messages again')
}
