import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAddress } from '../../../src/broker/kafka/address.ts'

test('a URL names brokers, topic and group, and what is shown of it has no password', () => {
  const plain = readAddress('kafka://one:9093,two,[::1]:9094/stripe.events?group=eu&create=12')
  assert.deepEqual(plain.servers, ['one:9093', 'two:9092', '[::1]:9094'])
  assert.equal(plain.topic, 'stripe.events')
  assert.equal(plain.group, 'eu')
  assert.equal(plain.create, 12)
  assert.equal(plain.tls, null)
  assert.equal(plain.sasl, null)

  const guarded = readAddress('kafka+ssl://us%3Aer:p%40ss:w@one/hooks?mechanism=scram-sha-512&ca=%2Fetc%2Fca.pem')
  assert.deepEqual(guarded.sasl, { mechanism: 'SCRAM-SHA-512', user: 'us:er', password: 'p@ss:w' })
  assert.deepEqual(guarded.tls, { ca: '/etc/ca.pem' })
  assert.equal(guarded.group, 'hookkeeper-hooks')
  assert.equal(guarded.shown, 'kafka+ssl://one:9092/hooks')
})

test('a URL that cannot be meant is refused with what is wrong, and never with its password', () => {
  const refusals: [string, RegExp][] = [
    ['http://one/topic', /does not begin with kafka/],
    ['kafka://one', /names no topic/],
    ['kafka:///topic', /names no host/],
    ['kafka://one:99999/topic', /no host with a port/],
    ['kafka://one,,two/topic', /names no host/],
    ['kafka://one/a/b', /cannot be named/],
    ['kafka://one/topic?acks=1', /no setting acks/],
    ['kafka://one/topic?create=0', /no number of partitions/],
    ['kafka://user:secret@one/topic', /unencrypted/],
    ['kafka+ssl://user:secret@one/topic?mechanism=gssapi', /not one of plain, /],
    ['kafka+ssl://user@one/topic', /without a password/],
    ['kafka+ssl://user:secret%@one/topic', /no escape/],
    ['kafka://one/topic?mechanism=plain', /no user and password/],
    ['kafka://one/topic?ca=/etc/ca.pem', /no kafka\+ssl/],
  ]
  for (const [url, what] of refusals)
    assert.throws(
      () => readAddress(url),
      (error: Error & { code?: string }) =>
        error.code === 'kafka_url' && what.test(error.message) && !error.message.includes('secret'),
      url,
    )
})
