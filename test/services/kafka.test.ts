import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin, Producer } from '@platformatic/kafka'
import { kafka } from './kafka.ts'

test('Kafka takes a message, and has it after it was killed, on the same port', { skip: kafka.skip }, async (t) => {
  const { servers, version, nodes } = await kafka.ready()
  const [node] = nodes
  if (!node) return t.skip('the Kafka that was given is no process of ours')
  const client = { clientId: 'test', bootstrapBrokers: servers.split(',') }
  const admin = new Admin(client)
  const producer = new Producer(client)
  t.after(() => Promise.all([admin.close(), producer.close()]))
  assert.match(version, /^\d+\.\d+\.\d+$/)
  await admin.createTopics({ topics: ['kept'], partitions: 1, replicas: 1 })
  const message = { topic: 'kept', value: Buffer.from('hook') }
  assert.equal((await producer.send({ messages: [message], acks: -1 })).offsets?.[0]?.offset, 0n)

  const pid = node.pid ?? 0
  await node.kill()
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  await node.start()

  assert.equal((await producer.send({ messages: [message], acks: -1 })).offsets?.[0]?.offset, 1n)
})
