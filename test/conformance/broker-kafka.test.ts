import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerError } from '../../src/broker/broker.ts'
import { kafka } from '../services/kafka.ts'
import { onKafka, openAt, openUrl, ownTopic, toolsOf } from './broker-kafka.ts'
import { sealingService } from './broker-sealed.ts'
import { keepsBrokerPromises } from './brokers.ts'

const place = { skip: kafka.skip }

const harness = onKafka(() => kafka.ready(), ['restart', 'cut', 'raw', 'shared'])
keepsBrokerPromises('Kafka', harness, { ...place, driver: 'Kafka' })
keepsBrokerPromises('Kafka, sealed', sealingService(harness), { ...place, atOnce: 4 })

test('a topic that loses messages as it is set is found wrong, setting by setting', place, async (t) => {
  const tools = toolsOf(await kafka.ready())
  const settings = {
    'cleanup.policy': 'compact,delete',
    'unclean.leader.election.enable': true,
    'retention.ms': 3_600_000,
    'retention.bytes': 1_000_000,
  }
  const broker = await openAt(tools.kafka.servers, await ownTopic(tools, { settings }))
  t.after(() => broker.close())

  const found = await broker.check()

  const wrong = found.filter(({ level }) => level === 'wrong').map(({ what }) => what)
  assert.match(wrong.join('\n'), /one copy.*may become its leader.*compacted/s)
  const worth = found.filter(({ level }) => level === 'worth').map(({ what }) => what)
  assert.match(worth.join('\n'), /after 60 minutes.*more than 1000000 bytes/s)
  assert.ok(found.every(({ remedy }) => remedy.length > 20))
})

test(
  'a topic that is not there is said with the line that makes it, and makes itself only where asked',
  place,
  async (t) => {
    const { servers } = await kafka.ready()
    const topic = `missing-${process.pid}`
    const broker = await openAt(servers, topic)
    t.after(() => broker.close())

    const [found] = await broker.check()
    assert.equal(found?.level, 'wrong')
    assert.match(found?.remedy ?? '', new RegExp(`kafka-topics.sh .*--create --topic ${topic} `))
    const [answer] = await broker.append([{ id: 'evt_1', key: '', body: Buffer.from('{}'), attributes: {} }])
    assert.ok(answer instanceof BrokerError && answer.kind === 'refused', String(answer))

    const made = await openAt(servers, `${topic}?create=2`)
    t.after(() => made.close())
    assert.deepEqual(await made.append([{ id: 'evt_1', key: '', body: Buffer.from('{}'), attributes: {} }]), [null])
    assert.deepEqual(
      (await made.check()).map(({ what }) => what.includes('one copy')),
      [true],
    )
  },
)

test('more messages than a batch of the topic takes go in several, each as large as it may be', place, async (t) => {
  const tools = toolsOf(await kafka.ready())
  const topic = await ownTopic(tools, { partitions: 1, settings: { 'max.message.bytes': 20_000 } })
  const broker = await openAt(tools.kafka.servers, topic)
  t.after(() => broker.close())
  const body = Buffer.alloc(broker.traits.bodyBytesMax, 'x')
  const sent = Array.from({ length: 7 }, (_, n) => ({ id: `evt_${n}`, key: 'cus_1', body, attributes: {} }))

  const answers = await broker.append(sent)

  assert.deepEqual(
    answers,
    sent.map(() => null),
  )
  const came: string[] = []
  while (came.length < sent.length) {
    const batch = await broker.receive({ max: 10, waitMs: 1_000 }, new AbortController().signal)
    came.push(...batch.messages.map(({ id }) => id))
    await batch.ack()
  }
  assert.deepEqual(
    came,
    sent.map(({ id }) => id),
  )
})

test('it comes by TLS and with a password, and a wrong one is refused', place, async (t) => {
  const tools = toolsOf(await kafka.ready())
  const { guard, nodes } = tools.kafka
  if (!guard) return t.skip('the Kafka that was given is no process of ours')
  const topic = await ownTopic(tools)
  const at = (password: string) => {
    const url = `kafka+ssl://${guard.user}:${encodeURIComponent(password)}@127.0.0.1:${nodes[0]?.guardedPort}/${topic}`
    return openUrl(`${url}?mechanism=scram-sha-512&ca=${encodeURIComponent(guard.ca)}`)
  }
  const [broker, stranger] = [await at(guard.password), await at('guessed')]
  t.after(() => Promise.all([broker.close(), stranger.close()]))
  const message = { id: 'evt_1', key: 'cus_1', body: Buffer.from('{}'), attributes: {} }

  assert.deepEqual(await broker.append([message]), [null])
  const batch = await broker.receive({ max: 1, waitMs: 10_000 }, new AbortController().signal)
  assert.equal(batch.messages[0]?.id, 'evt_1')
  const [answer] = await stranger.append([message])
  assert.ok(answer instanceof BrokerError && answer.kind === 'refused', String(answer))
  assert.doesNotMatch(`${answer.message} ${stranger.name}`, /guessed/)
})
