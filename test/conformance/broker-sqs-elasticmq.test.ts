import assert from 'node:assert/strict'
import { test } from 'node:test'
import { elasticmq } from '../services/elasticmq.ts'
import { clientOf, onSqs, openAt } from './broker-sqs.ts'
import { keepsBrokerPromises } from './brokers.ts'

const ready = () => elasticmq.ready()
const skip = elasticmq.skip

// It is on the disk with every answer, so on a busy machine an acknowledgement can take more than the shortest of loans.
const lentMs = 3_000

keepsBrokerPromises('SQS, standard, ElasticMQ', onSqs(ready, { fifo: false, restart: true, lentMs }), {
  skip,
  atOnce: 8,
  driver: 'SQS (ElasticMQ)',
})
// Both kinds of queue are kept on the disk in one way; a start takes seconds.
keepsBrokerPromises('SQS, FIFO, ElasticMQ', onSqs(ready, { fifo: true, restart: false, lentMs }), {
  skip,
  atOnce: 8,
  driver: 'SQS FIFO (ElasticMQ)',
})

test('a queue is found by its name in the account of the credentials', { skip }, async (t) => {
  const { url, version } = await elasticmq.ready()
  t.diagnostic(version)
  const direct = clientOf(url)
  await direct.createQueue({ QueueName: 'by-name' })
  direct.destroy()
  Object.assign(process.env, { AWS_ENDPOINT_URL_SQS: url, AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' })
  const broker = await openAt('sqs://us-east-1/mine/by-name')
  t.after(() => broker.close())

  const message = { id: 'evt_1', key: 'default:cus_1', body: Buffer.from('{}'), attributes: {} }
  assert.deepEqual(await broker.append([message]), [null])
  const { messages } = await broker.receive({ max: 1, waitMs: 1_000 }, new AbortController().signal)
  assert.equal(messages[0]?.id, 'evt_1')
})
