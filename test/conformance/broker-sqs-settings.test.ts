import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Message } from '../../src/broker/broker.ts'
import { openSqsBroker } from '../../src/broker/sqs.ts'
import { type Clock, systemClock, VirtualClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { until } from '../../src/testing/broker/promise.ts'
import { fauxqs } from '../services/fauxqs.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'
import { clientOf } from './broker-sqs.ts'

const never = new AbortController().signal
const message = (id: string, over: Partial<Message> = {}): Message => ({
  id,
  key: `default:cus_${id}`,
  body: Buffer.from(`{"id":"${id}"}`),
  attributes: {},
  ...over,
})
let queues = 0

describe('a queue in SQS, on fauxqs', { skip: fauxqs.skip, concurrency: 8 }, () => {
  test('the emulator says what it is', async (t) => {
    t.diagnostic((await fauxqs.ready()).version)
  })

  test('a queue that is not there is said to be missing, with the line that makes it', async (t) => {
    const { open } = await scene(t)
    const broker = await open({ name: 'nowhere.fifo', lentMs: 60_000 })

    const [found] = await broker.check()
    assert.equal(found?.level, 'wrong')
    assert.match(found.remedy, /^aws sqs create-queue --region us-east-1 --queue-name nowhere\.fifo .*FifoQueue=true$/)
    assert.equal((await broker.append([message('evt_1')]))[0]?.kind, 'refused')
    await assert.rejects(broker.receive({ max: 1, waitMs: 100 }, never), { kind: 'refused' })
  })

  test('a queue that lends for less than a drain takes is found, and one that is set right is not', async (t) => {
    const { open, made } = await scene(t)
    const short = await open({ name: await made({ VisibilityTimeout: '2' }), lentMs: 60_000 })
    const right = await open({ name: await made({}), lentMs: 60_000 })

    assert.match((await short.check())[0]?.what ?? '', /after 2 s, which is shorter than a drain/)
    assert.deepEqual(await right.check(), [])
  })

  test('one receive brings as many as were asked for, though SQS gives ten at a time', async (t) => {
    const { open, made } = await scene(t)
    const broker = await open({ name: await made({}), lentMs: 60_000 })
    const sent = Array.from({ length: 45 }, (_, n) => message(`evt_${n}`))
    assert.ok((await broker.append(sent)).every((answer) => answer === null))

    assert.equal((await broker.receive({ max: 33, waitMs: 1_000 }, never)).messages.length, 33)
    assert.equal((await broker.receive({ max: 100, waitMs: 1_000 }, never)).messages.length, 12)
  })

  test('a refused message does not come before others that wait', async (t) => {
    const { open, made } = await scene(t)
    const broker = await open({ name: await made({}), lentMs: 60_000 })
    await broker.append([message('evt_1'), message('evt_2')])
    const first = await broker.receive({ max: 1, waitMs: 1_000 }, never)
    await first.refuse(first.messages[0]!, 'not now')

    const ids = [first.messages[0]?.id]
    for (let n = 0; n < 2; n++) ids.push((await broker.receive({ max: 1, waitMs: 5_000 }, never)).messages[0]?.id)
    assert.deepEqual(ids, ['evt_1', 'evt_2', 'evt_1'])
  })

  test('in a FIFO queue the same event comes once, and the same id of another account comes too', async (t) => {
    const { open, made } = await scene(t)
    const broker = await open({ name: await made({ FifoQueue: 'true' }), lentMs: 60_000 })
    const [here, there] = [message('evt_1', { key: 'eu:cus_1' }), message('evt_1', { key: 'us:cus_1' })]
    for (const one of [here, here, there]) assert.deepEqual(await broker.append([one]), [null])

    const { messages } = await broker.receive({ max: 10, waitMs: 1_000 }, never)
    assert.deepEqual(messages.map(({ key }) => key).sort(), ['eu:cus_1', 'us:cus_1'])
  })

  test('a message that was lent again says how often', async (t) => {
    const { open, made } = await scene(t)
    const broker = await open({ name: await made({}), lentMs: 1_000 })
    await broker.append([message('evt_1')])

    for (const deliveries of [1, 2]) {
      const { messages } = await broker.receive({ max: 1, waitMs: 5_000 }, never)
      assert.equal(messages[0]?.deliveries, deliveries)
    }
  })

  test('a queue that was away at the start is asked later how large a message may be', async (t) => {
    const { open, made, proxy } = await scene(t)
    const name = await made({ MaximumMessageSize: '4096' })
    const clock = new VirtualClock()
    await proxy.refuse()
    const broker = await open({ name, lentMs: 60_000, clock })
    assert.equal(broker.traits.bodyBytesMax, 195_072)

    await proxy.heal()
    await clock.advance(5_000)
    await until(async () => broker.traits.bodyBytesMax === 1_536, 'it knows what the queue takes')
  })

  test('a service that has gone silent is said to be unreachable while Stripe still waits', async (t) => {
    const { open, made, proxy } = await scene(t)
    const broker = await open({ name: await made({}), lentMs: 60_000 })
    proxy.freeze()

    const from = performance.now()
    assert.equal((await broker.append([message('evt_1')]))[0]?.kind, 'unreachable')
    assert.ok(performance.now() - from < 15_000)
  })
})

const parts = { clock: systemClock, random: seeded(1), log: silent }

async function scene(t: TestContext) {
  const { url } = await fauxqs.ready()
  const direct = clientOf(url)
  const proxy = await new TcpProxy({ port: Number(new URL(url).port) }).start()
  t.after(async () => {
    direct.destroy()
    await proxy.close()
  })
  return {
    proxy,
    async made(Attributes: Record<string, string>) {
      const name = `settings-${process.pid}-${++queues}${Attributes['FifoQueue'] ? '.fifo' : ''}`
      await direct.createQueue({ QueueName: name, Attributes })
      return name
    },
    async open({ name, lentMs, clock = systemClock }: { name: string; lentMs: number; clock?: Clock }) {
      const broker = await openSqsBroker({ ...parts, clock, lentMs, url: proxy.url(`${url}/000000000000/${name}`) })
      t.after(() => broker.close())
      return broker
    },
  }
}
