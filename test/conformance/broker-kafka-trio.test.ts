import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { kafkas } from '../services/kafka.ts'
import { until } from '../services/lines.ts'
import { Place } from '../services/place.ts'
import { sized } from '../size.ts'
import { openAt, ownTopic, type Tools, toolsOf } from './broker-kafka.ts'
import { Stream } from './broker-kafka-stream.ts'

const place = { skip: kafkas.skip, timeout: sized({ tenth: 110_000, whole: 600_000 }) }
const processes = new Place('kafka-holders')
after(() => processes.end())

let tools: Tools | undefined
const ready = async () => (tools ??= toolsOf(await kafkas.ready()))

test('nothing is found wrong with three copies of which two have to have heard', place, async (t) => {
  const { kafka, ...rest } = await ready()
  const broker = await openAt(kafka.servers, await ownTopic({ kafka, ...rest }))
  t.after(() => broker.close())

  assert.deepEqual(await broker.check(), [])
})

test('what was taken survives the leader, killed while messages flow, and keeps its order', place, async (t) => {
  const { kafka, admin, ...rest } = await ready()
  const topic = await ownTopic({ kafka, admin, ...rest })
  const broker = await openAt(kafka.servers, topic)
  t.after(() => broker.close())
  const stream = new Stream()
  stream.append(broker)
  stream.receive(broker)

  for (let kills = 0; kills < sized({ tenth: 1, whole: 6 }); kills++) {
    await stream.flows(200)
    const leader = (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)?.partitions[0]
      ?.leader
    const node = kafka.nodes.find(({ id }) => id === leader)
    assert.ok(node)
    await node.kill()
    await stream.flows(200)
    await node.start()
    await copied({ admin, topic })
  }
  await stream.end()

  t.diagnostic(`${stream.taken.size} taken, ${stream.refused} not, ${stream.repeats} came again`)
  assert.deepEqual(stream.overtaken, [])
})

test(
  'nothing is lost while others join and leave, and what was acknowledged in time does not come again',
  place,
  async (t) => {
    const { kafka, ...rest } = await ready()
    const topic = await ownTopic({ kafka, ...rest }, { partitions: 6 })
    const steady = await openAt(kafka.servers, topic)
    t.after(() => steady.close())
    const stream = new Stream()
    stream.append(steady)
    stream.receive(steady)

    for (let turns = 0; turns < sized({ tenth: 4, whole: 40 }); turns++) {
      const guest = await openAt(kafka.servers, topic)
      const leaves = new AbortController()
      const from = stream.came.length
      const staying = stream.receive(guest, leaves.signal)
      while (stream.came.length < from + 200) await stream.flows(10)
      leaves.abort()
      await staying
      await guest.close()
    }
    await stream.end()

    t.diagnostic(`${stream.taken.size} taken, ${stream.refused} not, ${stream.repeats} came again`)
    assert.equal(stream.refused, 0)
  },
)

test('what a process had on loan when it was killed comes to another', place, async (t) => {
  const { kafka, ...rest } = await ready()
  const topic = await ownTopic({ kafka, ...rest })
  const broker = await openAt(kafka.servers, topic)
  t.after(() => broker.close())
  const sent = Array.from({ length: 40 }, (_, n) => ({
    id: `evt_${n}`,
    key: `cus_${n}`,
    body: Buffer.from('{}'),
    attributes: {},
  }))
  assert.ok((await broker.append(sent)).every((answer) => answer === null))
  const holder = fileURLToPath(new URL('./broker-kafka-holder.ts', import.meta.url))
  const child = processes.spawn(process.execPath, [holder, kafka.servers, topic, '40'], {
    endBy: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await until('the holder', child.stdout, /lent/)

  await processes.stop(child)

  const came = new Set<string>()
  while (came.size < sent.length) {
    const batch = await broker.receive({ max: 100, waitMs: 1_000 }, new AbortController().signal)
    for (const { id } of batch.messages) came.add(id)
    await batch.ack()
  }
})

/** Resolves when every partition has all its copies again: another may be lost then. */
async function copied({ admin, topic }: Pick<Tools, 'admin'> & { topic: string }): Promise<void> {
  for (;;) {
    const known = await admin.metadata({ topics: [topic], forceUpdate: true }).catch(() => null)
    const partitions = known?.topics.get(topic)?.partitions ?? []
    if (partitions.length > 0 && partitions.every(({ isr, replicas }) => isr.length === replicas.length)) return
  }
}
