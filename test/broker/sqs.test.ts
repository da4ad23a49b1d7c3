import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../src/broker/broker.ts'
import { findings } from '../../src/broker/sqs/findings.ts'
import { sqsPlace } from '../../src/broker/sqs/place.ts'
import type { Queue } from '../../src/broker/sqs/queue.ts'
import { limitsOf, sendAll } from '../../src/broker/sqs/sending.ts'
import { groupOf, MARK, repeatOf, wireOf } from '../../src/broker/sqs/wire.ts'
import { messageOf } from '../../src/broker/sqs.ts'
import { seeded } from '../../src/core/random.ts'

const message = (over: Partial<Message> = {}): Message => ({
  id: 'evt_1',
  key: 'default:cus_1',
  body: Buffer.from('{"id":"evt_1"}'),
  attributes: { account: 'default', endpoint: '' },
  ...over,
})

/** As a function on Lambda is handed it. */
function carried(one: Message) {
  const { text, mark } = wireOf(one)
  return {
    text,
    lent: messageOf({
      body: text,
      attributes: { ApproximateReceiveCount: '3' },
      messageAttributes: { [MARK]: { stringValue: mark } },
    }),
  }
}

test('a body that is text travels as the text that it is', () => {
  const { text, lent } = carried(message())

  assert.equal(text, '{"id":"evt_1"}')
  assert.deepEqual(lent, { ...message(), deliveries: 3 })
})

for (const [what, body] of [
  ['characters that SQS replaces', Buffer.from('{"text":"\u0001"}')],
  ['bytes that are no text', Buffer.from([0xff, 0x00, 0x80])],
  ['a mark of byte order', Buffer.from('\uFEFF{}')],
  ['characters beyond the first plane', Buffer.from('{"text":"😀"}')],
  ['nothing at all', Buffer.alloc(0)],
  ['line ends and tabs', Buffer.from('{\r\n\t"a": 1\n}')],
] as const) {
  test(`a body comes back byte for byte: ${what}`, () => {
    const { text, lent } = carried(message({ body }))

    assert.match(text, /^[\t\n\r -\uD7FF\uE000-\uFFFD]+$/)
    assert.ok(Buffer.from(lent.body).equals(body))
  })
}

test('what is said beside a body is ASCII, whatever the id and the lane are', () => {
  const odd = message({ id: 'evt_ü😀\u0000"', key: 'a b:"ß"' })

  assert.match(wireOf(odd).mark, /^[ -~]+$/)
  assert.deepEqual(carried(odd).lent, { ...odd, deliveries: 3 })
})

test('a record without our mark, or with one that is none, is a stranger', () => {
  for (const stringValue of [undefined, '', 'null', '7', '{"id":1}', '{']) {
    const lent = messageOf({ body: 'hello', messageAttributes: { [MARK]: { stringValue } } })

    assert.deepEqual(lent, { id: '', key: '', attributes: {}, body: Buffer.from('hello'), deliveries: 1 })
  }
})

/** What a queue of this size is sent, and what came of it. */
async function sent(MaximumMessageSize: number, bodyOf: (bytesMax: number) => Buffer) {
  const limits = limitsOf({ MaximumMessageSize: String(MaximumMessageSize) })
  const texts: string[] = []
  const send: Queue['send'] = async (entries) => {
    for (const { MessageBody } of entries) texts.push(MessageBody ?? '')
    return []
  }
  const body = bodyOf(limits.bodyBytesMax)
  const to = { queue: { send } as Queue, name: 'sqs://region/hooks', fifo: false, limits }
  const [answer] = await sendAll([message({ body })], to)
  return { answer, texts }
}

test('a body of the largest size is taken, whatever its bytes are', async () => {
  const random = seeded(1)
  const noise = (bytes: number) =>
    Buffer.from(Uint8Array.from({ length: bytes }, () => random() * 256)).fill(0xff, 0, 1)
  for (const size of [4_096, 65_537, 262_142, 262_143, 262_144, 1_048_576]) {
    for (const bodyOf of [noise, (bytes: number) => Buffer.alloc(bytes, 'x')]) {
      const { answer, texts } = await sent(size, bodyOf)

      assert.equal(answer, null)
      assert.ok((texts[0]?.length ?? 0) <= size, `${texts[0]?.length} of ${size} bytes`)
    }
  }
})

test('a body of one byte more is refused with what it may have, and nothing is sent', async () => {
  const { answer, texts } = await sent(262_144, (bytes) => Buffer.alloc(bytes + 1, 'x'))

  assert.equal(answer?.kind, 'too-large')
  assert.match(answer.message, /takes bodies of up to 195072 bytes, and this one has 195073; raise MaximumMessageSize/)
  assert.deepEqual(texts, [])
})

test('groups and repeats are names that SQS takes, and different ones for different lanes and events', () => {
  const some = [message(), message({ key: 'a b' }), message({ key: '' }), message({ key: 'c'.repeat(300) })]
  const names = some.flatMap((one) => [groupOf(one), repeatOf(one)])

  for (const name of names) assert.match(name, /^[!-~]{1,128}$/)
  assert.equal(new Set(names).size, names.length)
  assert.notEqual(repeatOf(message({ key: 'eu:cus_1' })), repeatOf(message({ key: 'us:cus_1' })))
})

test('a queue is named by its URL, or by region, account and name', () => {
  const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/hooks.fifo'
  assert.deepEqual(sqsPlace('sqs://eu-west-1/123456789012/hooks.fifo'), {
    region: 'eu-west-1',
    queue: 'hooks.fifo',
    queueUrl: url,
    endpoint: null,
    fifo: true,
  })
  assert.equal(sqsPlace(url).region, 'eu-west-1')
  assert.equal(sqsPlace(url).queueUrl, url)
  assert.equal(sqsPlace('sqs://cn-north-1/123456789012/hooks').queueUrl?.includes('.amazonaws.com.cn/'), true)
  assert.equal(sqsPlace('sqs://eu-west-1/mine/hooks').queueUrl, null)
  assert.equal(sqsPlace('http://127.0.0.1:9324/000000000000/hooks?region=eu-west-3').region, 'eu-west-3')
})

test('what names no queue is refused, and the refusal quotes nothing of it', () => {
  for (const url of [
    'sqs://eu-west-1/hooks',
    'https://user:pass@sqs.eu-west-1.amazonaws.com/',
    'sqs://a/b/c/d',
    'no url',
  ]) {
    assert.throws(() => sqsPlace(url), {
      code: 'config_invalid',
      message: /^(?!.*pass).*sqs:\/\/region\/account\/queue/,
    })
  }
})

test('each setting that would lose messages is a finding with the line that mends it', () => {
  const found = (attributes: Record<string, string>) =>
    findings(attributes, { queueUrl: 'https://queue', lentMs: 60_000 }).map(({ level, remedy }) => `${level} ${remedy}`)
  const mends = (to: string) => `aws sqs set-queue-attributes --queue-url https://queue --attributes '${to}'`

  assert.deepEqual(found({}), [])
  assert.deepEqual(found({ VisibilityTimeout: '30', MessageRetentionPeriod: '345600' }), [])
  assert.deepEqual(found({ VisibilityTimeout: '5' }), [`wrong ${mends('VisibilityTimeout=60')}`])
  assert.deepEqual(found({ MessageRetentionPeriod: '3600' }), [`wrong ${mends('MessageRetentionPeriod=1209600')}`])
  assert.deepEqual(found({ MaximumMessageSize: '65536' }), [`wrong ${mends('MaximumMessageSize=1048576')}`])
  assert.deepEqual(found({ RedrivePolicy: '{"maxReceiveCount":3}' }), [`wrong ${mends('RedrivePolicy=')}`])
  assert.deepEqual(found({ RedrivePolicy: '{"maxReceiveCount":"1000"}' }), [`worth ${mends('RedrivePolicy=')}`])
  assert.deepEqual(found({ SqsManagedSseEnabled: 'false' }), [`worth ${mends('SqsManagedSseEnabled=true')}`])
  assert.deepEqual(found({ SqsManagedSseEnabled: 'false', KmsMasterKeyId: 'alias/x' }), [])
})
