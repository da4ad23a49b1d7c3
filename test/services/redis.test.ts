import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Place } from './place.ts'
import { redis } from './redis.ts'
import { ask, startRedis } from './redis-server.ts'
import { strace } from './strace.ts'

test('Redis answers, and says what it is', { skip: redis.skip }, async () => {
  const { url, port, version } = await redis.ready()

  assert.equal(await ask(url, 'SET', 'hook', 'keeper'), '+OK\r\n')
  assert.equal(await ask(url, 'GET', 'hook'), '$6\r\nkeeper\r\n')
  assert.equal(Number(new URL(url).port), port)
  assert.match(version, /^\d+\.\d+\.\d+$/)
  await assert.rejects(ask(url, 'NONSENSE'), /refused NONSENSE/)
})

test('Redis syncs its append-only file before it answers a write', { skip: redis.skip || strace.skip }, async (t) => {
  const { url, pid } = await redis.ready()
  assert.match(await ask(url, 'CONFIG', 'GET', 'appendfsync'), /always/)
  if (pid === null) return t.skip('the Redis that was given is no process of ours')

  const { attach } = await strace.ready()
  const trace = await attach({ pid, calls: ['fsync', 'fdatasync', 'write'] })
  await ask(url, 'SET', 'hook', 'kept')
  const calls = await trace.stop()

  const at = (call: RegExp) => calls.findIndex((line) => call.test(line))
  const [written, synced, answered] = [/write\(.*\.aof>/, /f(data)?sync\(.*\.aof>/, /write\(.*\+OK/].map(at)
  assert.ok(written! >= 0 && written! < synced! && synced! < answered!, calls.join('\n'))
})

test('several Redises in one place are strangers, and each is gone when it was stopped', {
  skip: redis.skip,
}, async (t) => {
  const place = new Place('redises')
  t.after(() => place.end())
  const [one, other] = await Promise.all([startRedis(place), startRedis(place)])

  await ask(one.url, 'SET', 'hook', 'one')
  assert.equal(await ask(other.url, 'GET', 'hook'), '$-1\r\n')

  await one.stop()
  assert.throws(() => process.kill(one.pid ?? 0, 0), { code: 'ESRCH' })
  assert.equal(await ask(other.url, 'PING'), '+PONG\r\n')
})
