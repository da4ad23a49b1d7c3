import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Message } from '../../src/broker/broker.ts'
import { pubsub } from '../services/pubsub.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'
import { clientOf, makeTopic, openAt } from './broker-pubsub.ts'

const never = new AbortController().signal
const message = (id: string): Message => ({ id, key: `default:cus_${id}`, body: Buffer.from('{}'), attributes: {} })
let topics = 0

describe('a topic in Pub/Sub, on pstest', { skip: pubsub.skip, concurrency: 8 }, () => {
  test('the emulator says what it is', async (t) => {
    t.diagnostic((await pubsub.ready()).version)
  })

  test('what is not there is said to be missing, with the lines that make it', async (t) => {
    const { open } = await scene(t)
    const broker = await open('nowhere')

    const found = await broker.check()
    assert.deepEqual(
      found.map(({ level }) => level),
      ['wrong', 'wrong'],
    )
    assert.match(found[0]?.remedy ?? '', /^gcloud pubsub topics create nowhere --project=hookkeeper$/)
    assert.match(found[1]?.remedy ?? '', /^gcloud pubsub subscriptions create nowhere .*--enable-message-ordering/)
    assert.equal((await broker.append([message('evt_1')]))[0]?.kind, 'refused')
    await assert.rejects(broker.receive({ max: 1, waitMs: 20_000 }, never), { kind: 'refused' })
  })

  test('a subscription that forgets, expires or passes messages by is found', async (t) => {
    const { open, made } = await scene(t)
    const over = {
      messageRetentionDuration: 3_600,
      expirationPolicy: { ttl: { seconds: 86_400 } },
      filter: 'attributes:a',
    }
    const broker = await open(await made(over))

    const what = (await broker.check()).map((finding) => finding.what).join(' ')
    assert.match(what, /its filter.*after 1 hours.*deleted after 1 days/)
  })

  test('a batch that is still held is extended until its time is over, and then comes again', async (t) => {
    const { open, made } = await scene(t)
    const name = await made({ enableMessageOrdering: true })
    const [one, other] = [await open(name, 3_000), await open(name, 3_000)]
    await one.append([message('evt_1')])
    const from = performance.now()
    const held = await one.receive({ max: 1, waitMs: 5_000 }, never)
    assert.equal(held.messages.length, 1)

    const again = await other.receive({ max: 1, waitMs: 10_000 }, never)
    assert.equal(again.messages[0]?.id, 'evt_1')
    const took = performance.now() - from
    // The subscription alone would have lent it for a second.
    assert.ok(took > 2_400, `it came again after ${took} ms`)
  })

  test("what a pull brings after its receive was over is the next one's", async (t) => {
    const { open, made, proxy } = await scene(t)
    const broker = await open(await made({ ackDeadlineSeconds: 600 }))
    await broker.append([message('evt_1')])
    // What the service says is on its way for longer than the first receive waits.
    proxy.delay(400)
    assert.deepEqual((await broker.receive({ max: 1, waitMs: 100 }, never)).messages, [])
    proxy.delay(0)

    const { messages } = await broker.receive({ max: 1, waitMs: 10_000 }, never)
    assert.deepEqual(
      messages.map(({ id }) => id),
      ['evt_1'],
    )
  })

  test('what a pull brings after its receive was left is given back', async (t) => {
    const { open, made, proxy } = await scene(t)
    const name = await made({ ackDeadlineSeconds: 600 })
    const [one, other] = [await open(name), await open(name)]
    await one.receive({ max: 1, waitMs: 100 }, never)
    const leave = new AbortController()
    // What the service says is on its way for longer than anybody waits.
    proxy.delay(300)
    await other.append([message('evt_1')])
    const left = one.receive({ max: 1, waitMs: 5_000 }, leave.signal)
    leave.abort()
    assert.deepEqual((await left).messages, [])
    proxy.delay(0)

    assert.equal((await other.receive({ max: 1, waitMs: 10_000 }, never)).messages[0]?.id, 'evt_1')
  })

  test('a message that is refused says how often it was lent, whoever published it', async (t) => {
    const { open, made } = await scene(t)
    const broker = await open(await made({ ackDeadlineSeconds: 600 }))
    await broker.append([message('evt_1')])

    for (const deliveries of [1, 2, 3]) {
      const batch = await broker.receive({ max: 1, waitMs: 10_000 }, never)
      assert.equal(batch.messages[0]?.deliveries, deliveries)
      await batch.refuse(batch.messages[0]!, 'not now')
    }
  })

  test('a service that has gone silent is said to be unreachable while Stripe still waits', async (t) => {
    const { open, made, proxy } = await scene(t)
    const broker = await open(await made({}))
    proxy.freeze()

    const from = performance.now()
    assert.equal((await broker.append([message('evt_1')]))[0]?.kind, 'unreachable')
    assert.ok(performance.now() - from < 15_000)
  })
})

async function scene(t: TestContext) {
  const { host, port } = await pubsub.ready()
  const direct = clientOf(host)
  const proxy = await new TcpProxy({ port }).start()
  t.after(async () => {
    await direct.close()
    await proxy.close()
  })
  return {
    proxy,
    async made(over: object) {
      const name = `settings-${process.pid}-${++topics}`
      await makeTopic(direct, name, over)
      return name
    },
    async open(name: string, lentMs?: number) {
      const broker = await openAt(`pubsub://hookkeeper/${name}/${name}?emulator=127.0.0.1:${proxy.port}`, lentMs)
      t.after(() => broker.close())
      return broker
    },
  }
}
