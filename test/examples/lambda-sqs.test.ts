import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { type Message, SQS } from '@aws-sdk/client-sqs'
import { parseDocument } from 'yaml'
import { SECRET, signatureOf } from '../chaos/delivery.ts'
import { database } from '../cluster/on-postgres.ts'
import { variables } from '../deploy/command-line.ts'
import { invoicePaid } from '../package/program.ts'
import { run } from '../package/project.ts'
import { fauxqs } from '../services/fauxqs.ts'
import { postgres } from '../services/postgres.ts'
import { asked } from '../services/postgres-client.ts'
import { TcpProxy } from '../services/tcp-proxy.ts'
import { QUIET } from './frameworks.ts'
import { installed } from './install.ts'

const NAME = 'lambda-sqs'
const skip = postgres.skip || fauxqs.skip
const ready = skip ? { skip } : await installed(NAME)
const { Resources, Globals } = parseDocument(await readFile(`examples/${NAME}/template.yaml`, 'utf8'), {
  logLevel: 'silent',
}).toJS()

test('the template gives a batch the time that Lambda asks for, asks for partial failures, and knows the settings', () => {
  const { Timeout, Events } = Resources.Work.Properties
  const { VisibilityTimeout, RedrivePolicy } = Resources.Events.Properties
  const settings: Record<string, unknown> = Globals.Function.Environment.Variables
  const passMs =
    Number(settings['HOOKKEEPER_PROCESSING_PASS_MS']) + Number(settings['HOOKKEEPER_PROCESSING_HANDLER_MS'])

  assert.ok(VisibilityTimeout >= 6 * Timeout)
  assert.ok(Timeout * 1000 >= passMs + 5000)
  assert.deepEqual(Events.Queue.Properties.FunctionResponseTypes, ['ReportBatchItemFailures'])
  assert.ok(RedrivePolicy.maxReceiveCount >= 60)
  assert.deepEqual(
    Object.keys(settings).filter((name) => !variables.has(name)),
    [],
  )
})

test('what Stripe posts is worked once from the queue, a batch comes again while the ledger is away, and no stray does', {
  skip: 'skip' in ready && ready.skip,
}, async (t) => {
  const dir = 'dir' in ready ? ready.dir : ''
  const url = await database(t)
  const proxy = await new TcpProxy({ port: Number(new URL(url).port) }).start()
  t.after(() => proxy.close())
  const queue = await queueIn((await fauxqs.ready()).url)
  const aws = { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', AWS_REGION: 'us-east-1' }
  const env = { ...QUIET, ...aws, PATH: process.env['PATH'], STRIPE_WEBHOOK_SECRET: SECRET, BROKER_URL: queue.url }
  const migrate = ['node_modules/hookkeeper/dist/cli/bin.js', 'migrate', '--database', url]
  await run(process.execPath, migrate, { cwd: dir, env })
  await asked(url, await readFile(join(dir, 'schema.sql'), 'utf8'))
  const lambda = fork(resolve('test/examples/lambda-runtime.mjs'), {
    cwd: dir,
    env: { ...env, DATABASE_URL: proxy.url(url) },
  })
  t.after(() => lambda.kill('SIGKILL'))
  const call = async (name: string, event: unknown) => {
    lambda.send({ file: join(dir, `${name}.mjs`), event })
    const [{ answer }] = await once(lambda, 'message')
    return answer
  }
  const paid = () => asked<{ event: string }>(url, 'select event from paid order by 1')

  for (const id of ['evt_1', 'evt_2', 'evt_1'])
    assert.equal((await call('ingest', posted(invoicePaid(id)))).statusCode, 200)
  assert.equal((await call('ingest', posted(invoicePaid('evt_3'), 'whsec_of_somebody_else'))).statusCode, 400)
  await queue.put('nobody here wrote this')

  const records = await queue.batch(4)
  await proxy.refuse()
  proxy.cut()
  const away = await call('work', { Records: records })
  assert.deepEqual(idsOf(away.batchItemFailures), records.map(({ messageId }) => messageId).sort())
  assert.deepEqual(await paid(), [])

  await proxy.heal()
  const back = await call('work', { Records: records })
  assert.deepEqual(back, { batchItemFailures: [] })
  await call('clock', {})
  assert.deepEqual(await paid(), [{ event: 'evt_1' }, { event: 'evt_2' }])
})

const idsOf = (failures: readonly { itemIdentifier: string }[]) => failures.map((one) => one.itemIdentifier).sort()

/** A queue as the template has it, but for what an emulator does not know. */
async function queueIn(endpoint: string) {
  const client = new SQS({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } })
  const { VisibilityTimeout, MessageRetentionPeriod } = Resources.Events.Properties
  const Attributes = {
    VisibilityTimeout: `${VisibilityTimeout}`,
    MessageRetentionPeriod: `${MessageRetentionPeriod}`,
  }
  await client.createQueue({ QueueName: NAME, Attributes })
  const QueueUrl = `${endpoint}/000000000000/${NAME}`
  return {
    url: QueueUrl,
    put: (MessageBody: string) => client.sendMessage({ QueueUrl, MessageBody }),
    /** So many records, as Lambda hands them over. */
    async batch(count: number) {
      const messages: Message[] = []
      while (messages.length < count) {
        const all = { MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All' as const] }
        const { Messages = [] } = await client.receiveMessage({
          QueueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 1,
          ...all,
        })
        messages.push(...Messages)
      }
      return messages.map(recordOf)
    },
  }
}

const recordOf = ({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes = {} }: Message) => ({
  messageId: MessageId,
  receiptHandle: ReceiptHandle,
  body: Body,
  attributes: Attributes,
  messageAttributes: Object.fromEntries(
    Object.entries(MessageAttributes).map(([name, { StringValue, DataType }]) => [
      name,
      { stringValue: StringValue, dataType: DataType },
    ]),
  ),
  eventSource: 'aws:sqs',
})

/** As a function's URL hands it over. */
function posted(event: object, secret = SECRET) {
  const body = JSON.stringify(event)
  return {
    version: '2.0',
    rawPath: '/',
    headers: {
      'stripe-signature': signatureOf(Buffer.from(body), undefined, secret),
      'content-type': 'application/json',
    },
    requestContext: { http: { method: 'POST', path: '/' } },
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  }
}
