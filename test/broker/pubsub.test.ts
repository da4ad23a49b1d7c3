import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unheardOf } from '../../src/broker/pubsub/calls.ts'
import { findings } from '../../src/broker/pubsub/findings.ts'
import { pubsubPlace } from '../../src/broker/pubsub/place.ts'
import { Refusals } from '../../src/broker/pubsub/refusals.ts'
import { Tally } from '../../src/broker/pubsub/tally.ts'
import { bytesOf, messageOf, wireOf } from '../../src/broker/pubsub/wire.ts'
import { SEALED } from '../../src/broker/sealed.ts'
import { VirtualClock } from '../../src/core/clock.ts'

const place = pubsubPlace('pubsub://shop/hooks/hooks-ledger')
const right = {
  topic: 'projects/shop/topics/hooks',
  ackDeadlineSeconds: 10,
  messageRetentionDuration: { seconds: 604_800 },
  expirationPolicy: {},
}

test('a topic and its subscription are named by project and name', () => {
  assert.deepEqual(place, {
    project: 'shop',
    topic: 'projects/shop/topics/hooks',
    subscription: 'projects/shop/subscriptions/hooks-ledger',
    emulator: null,
  })
  assert.equal(pubsubPlace('pubsub://shop/hooks/ledger?emulator=127.0.0.1:8085').emulator, '127.0.0.1:8085')
  for (const url of ['pubsub://shop/hooks', 'pubsub:///hooks/ledger', 'pubsub://shop/a/b/c', 'nothing']) {
    assert.throws(() => pubsubPlace(url), { code: 'config_invalid' })
  }
})

test('bytes, id, lane and texts are carried side by side, and a lane is an ordering key where order is kept', () => {
  const message = { id: 'evt_1', key: 'default:cus_1', body: Buffer.from([0, 255]), attributes: { account: '' } }
  const wire = wireOf(message, true)

  assert.deepEqual(messageOf({ message: wire, deliveryAttempt: 4 }), { ...message, deliveries: 4 })
  assert.deepEqual(messageOf({ message: wire, deliveryAttempt: 0 }).deliveries, 1)
  assert.equal(wire.orderingKey, 'default:cus_1')
  assert.equal(wireOf(message, false).orderingKey, '')
  assert.ok(bytesOf(wire) > 2)
})

test('that a body is sealed is still said when its message comes back', () => {
  const attributes = { account: 'default', [SEALED]: '1' }
  const message = { id: 'evt_1', key: 'default:cus_1', body: Buffer.from([0, 255]), attributes }

  assert.deepEqual(messageOf({ message: wireOf(message, true) }), { ...message, deliveries: 1 })
})

test('whoever published without our texts is a stranger', () => {
  const lent = messageOf({ message: { data: Buffer.from('hello'), attributes: { origin: 'elsewhere' } } })

  assert.deepEqual(lent, { id: '', key: '', attributes: {}, body: Buffer.from('hello'), deliveries: 1 })
})

test('a message that was refused here says how often it came, and one that came twice for another reason does not', () => {
  const refusals = new Refusals()
  const pulled = (messageId: string, deliveryAttempt = 0) => ({
    ackId: messageId,
    deliveryAttempt,
    message: { data: Buffer.from('hello'), messageId },
  })

  const deliveries = [1, 2, 3].map(() => {
    const lent = refusals.lent(pulled('7'))
    refusals.refused(lent)
    return lent.deliveries
  })

  assert.deepEqual(deliveries, [1, 2, 3])
  assert.equal(refusals.lent(pulled('8')).deliveries, 1)
  assert.equal(refusals.lent(pulled('8')).deliveries, 1)
  assert.equal(refusals.lent(pulled('7', 9)).deliveries, 9, 'Pub/Sub knows better')
})

test('of acknowledgements that were not heard some are gone and some are worth another try', () => {
  const error = Object.assign(new Error('failed'), {
    code: 9,
    errorInfoMetadata: {
      first: 'PERMANENT_FAILURE_INVALID_ACK_ID',
      second: 'TRANSIENT_FAILURE_SERVICE_UNAVAILABLE',
      other: 'something else',
    },
  })

  assert.deepEqual(unheardOf(error), [
    { ackId: 'first', gone: true },
    { ackId: 'second', gone: false },
  ])
  assert.deepEqual(unheardOf(new Error('no more')), [])
})

test('each setting that would lose messages is a finding with the line that mends it', () => {
  const found = (over: object) =>
    findings({ ...right, ...over }, place, 60_000).map(({ level, remedy }) => `${level} ${remedy}`)
  const mends = (flags: string) => `gcloud pubsub subscriptions update hooks-ledger --project=shop ${flags}`

  assert.deepEqual(found({}), [])
  assert.match(
    found({ topic: 'projects/shop/topics/other' })[0] ?? '',
    /^wrong gcloud .* create hooks-ledger .*--topic=hooks /,
  )
  assert.match(found({ detached: true })[0] ?? '', /^wrong gcloud/)
  assert.match(found({ filter: 'attributes.a' })[0] ?? '', /^wrong gcloud/)
  assert.deepEqual(found({ messageRetentionDuration: { seconds: '3600' } }), [
    `wrong ${mends('--message-retention-duration=7d')}`,
  ])
  assert.deepEqual(found({ ackDeadlineSeconds: 2 }), [`wrong ${mends('--ack-deadline=60')}`])
  assert.deepEqual(
    found({ deadLetterPolicy: { deadLetterTopic: 'projects/shop/topics/dead', maxDeliveryAttempts: 5 } }),
    [`wrong ${mends('--clear-dead-letter-policy')}`],
  )
  assert.deepEqual(found({ expirationPolicy: null }), [`worth ${mends('--expiration-period=never')}`])
  assert.deepEqual(found({ expirationPolicy: { ttl: { seconds: 86_400 } } }), [
    `worth ${mends('--expiration-period=never')}`,
  ])
  assert.deepEqual(found({ pushConfig: { pushEndpoint: 'https://elsewhere' } }), [`wrong ${mends('--push-endpoint=')}`])
})

test('a process that only appends counts what it appended lately, since nobody tells it what became of it', async () => {
  const clock = new VirtualClock()
  const tally = new Tally(clock)

  tally.appended(5)
  assert.equal(tally.waiting, 5)
  await clock.advance(61_000)
  assert.equal(tally.waiting, 0)
})

test('one that receives counts what is not acknowledged, and an empty wait sets it right', () => {
  const tally = new Tally(new VirtualClock())
  tally.appended(5)
  tally.received(3, 3)
  assert.equal(tally.waiting, 5)
  tally.acknowledged(3)
  assert.equal(tally.waiting, 2)

  // Somebody else had taken them.
  tally.received(0, 0)
  assert.equal(tally.waiting, 0)
  tally.acknowledged(4)
  tally.appended(1)
  assert.equal(tally.waiting, 1)
})
