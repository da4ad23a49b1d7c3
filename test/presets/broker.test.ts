import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { configure } from '../../src/config.ts'
import { systemClock } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import { systemRandom } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { brokerName, driverOf, openBroker } from '../../src/presets/broker.ts'

const deps = { cwd: tmpdir(), clock: systemClock, random: systemRandom, log: silent }

test('a URL says by its scheme which broker it is', () => {
  const urls = {
    'redis://127.0.0.1:6379': 'redis',
    'rediss://user:pw@redis.example:6380?stream=x': 'redis',
    'redis+sentinel://a:26379,b:26379/main': 'redis',
    'redis+cluster://a:6379,b:6379': 'redis',
    'kafka://a:9092,b:9092/stripe': 'kafka',
    'kafka+ssl://user:pw@a:9093/stripe': 'kafka',
    'sqs://eu-west-1/123456789012/stripe': 'sqs',
    'https://sqs.eu-west-1.amazonaws.com/123456789012/stripe': 'sqs',
    'pubsub://project/topic/subscription': 'pubsub',
    'spool:.hookkeeper/spool': 'spool',
  }
  for (const [url, driver] of Object.entries(urls)) assert.equal(driverOf(url), driver, url)
})

test('what names no broker is refused, without saying what may be a password', () => {
  for (const url of ['amqp://user:secret@host', 'localhost', ''])
    assert.throws(
      () => driverOf(url),
      (error) => hasCode(error, 'broker_unknown') && !error.message.includes('secret'),
      url,
    )
})

test('a broker is shown without credentials and without what stands in its query', () => {
  assert.equal(brokerName('rediss://user:pw@redis.example:6380/0?password=x'), 'rediss://redis.example:6380/0')
  assert.doesNotMatch(brokerName('kafka+ssl://user:pw@a:1,b:2/topic?secret=x'), /pw|x$/)
})

test('nothing is spooled where files go with the machine', async () => {
  for (const [url, spool] of [
    ['spool:spool', null],
    ['redis://127.0.0.1:1', 'spool'],
  ] as const)
    await assert.rejects(
      openBroker(url, { ...deps, spool, ephemeral: 'Cloud Run' }),
      (error) => hasCode(error, 'spool_ephemeral') && /Cloud Run/.test(error.message),
    )
})

test('with a spool before it a broker that is away costs no delivery', async (t) => {
  const spool = mkdtempSync(join(tmpdir(), 'hookkeeper-spool-'))
  const broker = await openBroker('redis://127.0.0.1:1', { ...deps, spool })
  t.after(async () => {
    await broker.close()
    rmSync(spool, { recursive: true })
  })
  const message = { id: 'evt_1', key: 'default:cus_1', body: Buffer.from('{}'), attributes: {} }

  assert.deepEqual(await broker.append([message]), [null])
})

test('settings of a broker that contradict each other are refused with a sentence', () => {
  const refused = (broker: object, roles?: readonly 'ingestion'[]) => () =>
    configure({ broker, ...(roles && { roles }) }, { env: {} })

  assert.throws(refused({ spool: '/var/spool' }), /broker\.spool stands before another broker/)
  assert.throws(refused({ url: 'spool:a', spool: 'b' }), /broker\.spool stands before another broker/)
  assert.throws(refused({ url: 'spool:a' }, ['ingestion']), /only its own process can read/)
  const { broker } = configure(
    {},
    { env: { BROKER_URL: 'kafka://a:1/t', HOOKKEEPER_SPOOL: '/s', HOOKKEEPER_BROKER_TRUSTED: 'true' } },
  )
  assert.deepEqual(
    { ...broker },
    { url: 'kafka://a:1/t', spool: '/s', trusted: true, requireDurable: false, lentMs: 60_000 },
  )
})
