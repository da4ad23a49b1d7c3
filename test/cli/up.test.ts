import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { emptyFolder } from '../folder.ts'
import { child, hookkeeper } from './run.ts'

const SECRET = 'whsec_0123456789abcdefghijWXYZ'
const RUN_FILE = '.hookkeeper/hookkeeper.db.run.json'

let cwd: string
let running: ReturnType<typeof child>
let ended: Promise<number | null>
const lines: Record<string, unknown>[] = []
const waiting: {
  fits: (line: Record<string, unknown>) => boolean
  resolve: (line: Record<string, unknown>) => void
}[] = []

/** The next line of the log, or one already there, that fits. */
function logged(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  const there = lines.find(fits)
  return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ fits, resolve }))
}

before(async () => {
  cwd = emptyFolder('up')
  writeFileSync(join(cwd, 'secret'), SECRET)
  writeFileSync(join(cwd, 'token'), 'the-first-token-of-all')
  writeFileSync(
    join(cwd, 'handlers.mjs'),
    `setInterval(() => {}, 1_000_000) // as a pool or a client that is never closed
    export default (cluster) => {
      cluster.on('invoice.paid', (event, { log }) => log.info({}, 'handled'))
      cluster.on('charge.failed', () => { throw new Error('no') })
    }`,
  )
  writeFileSync(
    join(cwd, 'hookkeeper.config.mjs'),
    "export default { handlers: './handlers.mjs', ingestion: { host: '127.0.0.1', port: 0 }, console: { port: 0 } }",
  )
  const env = { STRIPE_WEBHOOK_SECRET_FILE: 'secret', HOOKKEEPER_API_TOKEN_FILE: 'token' }
  running = child(['up'], { cwd, env })
  ended = new Promise((resolve) => running.once('close', resolve))
  createInterface(running.stdout!).on('line', (text) => {
    const line = JSON.parse(text)
    lines.push(line)
    for (const one of waiting) if (one.fits(line)) one.resolve(line)
  })
  running.stderr!.pipe(process.stderr)
  await Promise.race([logged(({ msg }) => msg === 'started'), ended.then(() => assert.fail('up ended'))])
})
after(() => void running.kill('SIGKILL'))

const run = (args: readonly string[]) => hookkeeper(args, { cwd, env: { STRIPE_WEBHOOK_SECRET: SECRET } })

test('up says where it listens and what it works with', async () => {
  const started = await logged(({ msg }) => msg === 'started')

  assert.match(String(started['public']), /^http:\/\/127\.0\.0\.1:\d+\/webhooks\/stripe$/)
  assert.match(String(started['private']), /^http:\/\/127\.0\.0\.1:\d+$/)
  assert.deepEqual(started['handlers'], ['invoice.paid', 'charge.failed'])
  assert.deepEqual(started['endpoints'], ['default'])
})

test('its address and token stand beside the ledger, for its owner only', () => {
  const file = join(cwd, RUN_FILE)

  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).pid, running.pid)
})

test('a triggered event is worked, and other verbs see it through the process that runs', async () => {
  const triggered = await run(['trigger', 'invoice.paid', '--json'])
  assert.equal(triggered.code, 0, triggered.err)
  const { id, status } = JSON.parse(triggered.out)
  assert.equal(status, 200, triggered.out)
  await logged((line) => line['msg'] === 'handled' && line['id'] === id)
  const again = await run(['trigger', 'charge.failed', '--json'])
  await logged((line) => line['outcome'] === 'retry' && line['id'] === JSON.parse(again.out).id)

  const shown = await run(['events', id, '--json'])
  const checked = await run(['check', '--json'])

  assert.equal(JSON.parse(shown.out).id, id)
  assert.match(checked.out, new RegExp(`It runs \\(pid ${running.pid}\\)`))
})

test('an action reaches the process that runs', async () => {
  const paused = await run(['do', 'pause', '--types', 'invoice.*', '--json'])
  const resumed = await run(['do', 'resume', '--all', '--json'])

  assert.equal(JSON.parse(paused.out).verified, true)
  assert.equal(JSON.parse(resumed.out).verified, true)
})

test('tail prints a line for each change', async () => {
  const tail = child(['tail', '--json'], { cwd })
  let first: string | null = null
  createInterface(tail.stdout!).once('line', (line) => (first = line))
  // It follows from some moment after its start on: events come until it has seen one.
  while (first === null) await run(['trigger', 'invoice.paid'])
  tail.kill('SIGINT')

  const change = JSON.parse(first)
  assert.match(change.kind, /^(admitted|leased|done)$/)
})

test('a second up on the same ledger is refused in one sentence', async () => {
  const second = await run(['up'])

  assert.equal(second.code, 2)
  assert.match(second.err, new RegExp(`Another process \\(pid ${running.pid}\\) already keeps .*hookkeeper\\.db`))
  assert.ok(existsSync(join(cwd, RUN_FILE)))
})

test('a secret that was rotated in its file counts from SIGHUP on, one that cannot be read changes nothing', async () => {
  writeFileSync(join(cwd, 'secret'), 'whsec_rotated0000000000000')
  writeFileSync(join(cwd, 'token'), 'another-token-by-now')
  running.kill('SIGHUP')
  await logged(({ msg }) => msg === 'secrets and certificates were read again')
  const old = await run(['trigger', 'invoice.paid'])
  const env = { STRIPE_WEBHOOK_SECRET: 'whsec_rotated0000000000000' }
  const fresh = await hookkeeper(['trigger', 'invoice.paid'], { cwd, env })
  assert.deepEqual([old.code, fresh.code], [1, 0])

  const { private: address } = JSON.parse(readFileSync(join(cwd, RUN_FILE), 'utf8'))
  const status = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(new URL('/api/v1/status', address), { headers })).status
  }
  assert.deepEqual([await status('the-first-token-of-all'), await status('another-token-by-now')], [401, 200])

  writeFileSync(join(cwd, 'secret'), 'rubbish')
  running.kill('SIGHUP')
  await logged(({ code }) => code === 'secret_invalid')
  assert.equal((await hookkeeper(['trigger', 'invoice.paid'], { cwd, env })).code, 0)
})

test('SIGTERM drains, ends with 0 and takes the announcement away', async () => {
  running.kill('SIGTERM')

  assert.equal(await ended, 0)
  assert.ok(!existsSync(join(cwd, RUN_FILE)))
  const { out } = await run(['events', '--state', 'running', '--json'])
  assert.equal(out, '')
})
