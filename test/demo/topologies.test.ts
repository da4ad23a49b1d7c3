import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { emptyFolder } from '../folder.ts'
import { postgres } from '../services/postgres.ts'
import { sql } from '../services/postgres-server.ts'
import { redis } from '../services/redis.ts'

test('on a Redis of its own it shows what waits there, and after Ctrl-C nothing of it is left', {
  skip: redis.skip,
}, async (t) => {
  const demo = play(t, 'redis')

  const { broker } = await demo.shown(({ done, broker }) => done > 0 && broker?.waiting !== null)
  const { summary, code, left } = await demo.interrupted()

  assert.deepEqual([code, left], [0, []], demo.said())
  assert.match(summary.topology, /^Redis \(.+\) before SQLite$/)
  assert.ok(Object.keys(summary.money.booked).length > 0, JSON.stringify(summary))
  assert.deepEqual(summary.money.booked, summary.money.sent)
  const port = Number(new URL(broker.name).port)
  await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' })
})

test('on a Postgres that runs it books in a database of its own, and drops it', { skip: postgres.skip }, async (t) => {
  const { url } = await postgres.ready()
  const demo = play(t, 'postgres', { TEST_POSTGRES_URL: url })

  await demo.shown(({ done }) => done > 0)
  const { summary, code, left } = await demo.interrupted()

  assert.deepEqual([code, left], [0, []], demo.said())
  assert.match(summary.topology, /^Postgres [\d.]+, no broker$/)
  assert.deepEqual(summary.money.booked, summary.money.sent)
  assert.equal(await sql(url, "select count(*) from pg_database where datname like 'hookkeeper_demo%'"), '0')
})

test('a Redis that goes away is said to be away, Stripe is put off, and Ctrl-C still ends it', {
  skip: redis.skip,
}, async (t) => {
  const service = await redis.ready()
  if (service.pid === null) return t.skip('the Redis that was given is no process of ours')
  const demo = play(t, 'redis', { TEST_REDIS_URLS: service.url })
  await demo.shown(({ done }) => done > 0)

  await service.kill()
  await demo.shown(({ broker, refused }) => broker.waiting === null && refused > 20)
  const { summary, code, left } = await demo.interrupted()

  assert.deepEqual([code, left], [0, []], demo.said())
  assert.ok(summary.later > 0, JSON.stringify(summary))
})

test('a Postgres that goes away is said to be away, and Ctrl-C still ends it', { skip: postgres.skip }, async (t) => {
  const service = await postgres.ready()
  if (service.pid === null) return t.skip('the Postgres that was given is no process of ours')
  const demo = play(t, 'postgres', { TEST_POSTGRES_URL: service.url })
  await demo.shown(({ done }) => done > 0)

  await service.stop()
  await demo.shown(({ backlog }) => backlog === null)
  const { summary, code } = await demo.interrupted()

  assert.equal(code, 0, demo.said())
  assert.equal(summary.money.booked, null)
})

test('where a service is missing one sentence says how to get it', async (t) => {
  // Not even `sh` is there.
  const demo = play(t, 'redis', { PATH: '/nowhere', CI: '' })

  const { code } = await demo.ended()

  assert.equal(code, 2)
  assert.match(demo.said(), /^redis is missing: --install-services gets it from apt, or let TEST_REDIS_URLS name one/)
})

/** The demo as a person starts it, but that it speaks JSON, and at a rate at which soon something is booked. */
function play(t: TestContext, topology: string, env: Readonly<Record<string, string>> = {}) {
  const folder = emptyFolder('demo-test')
  // Postgres does not run as root.
  chmodSync(folder, 0o755)
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const args = [
    main,
    '--topology',
    topology,
    '--json',
    '--rate',
    '100',
    '--seed',
    '7',
    '--port',
    '0',
    '--console-port',
    '0',
  ]
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env, TMPDIR: folder } })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const gone = once(child, 'close')
  let last = '{}'
  const next = async () => {
    const { done, value } = await lines.next()
    if (!done) last = value
    return done ? null : JSON.parse(value)
  }
  const ended = async () => {
    while ((await next()) !== null);
    const [code] = await gone
    return { code, summary: JSON.parse(last).summary, left: readdirSync(folder) }
  }
  return {
    said: () => said,
    ended,
    /** Its figures, once they are so. */
    // biome-ignore lint/suspicious/noExplicitAny: whatever it says
    async shown(so: (figures: any) => boolean): Promise<any> {
      for (let one = await next(); one !== null; one = await next()) if ('received' in one && so(one)) return one
      throw new Error(`It ended before: ${said}`)
    },
    async interrupted() {
      child.kill('SIGINT')
      return ended()
    },
  }
}
