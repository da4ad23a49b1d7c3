import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Up } from '../chaos/up.ts'
import { Place } from '../services/place.ts'
import { CANARY, type Kind, recorded, WAYS } from './rehearse/recorded.ts'
import { hookkeeper } from './run.ts'

const HANDLERS = fileURLToPath(new URL('./rehearse/handlers.ts', import.meta.url))

/** A ledger, a folder to stand in, and a server that counts who comes. */
async function setUp(t: TestContext, kinds: readonly Kind[]) {
  const place = new Place('rehearse')
  t.after(() => place.end())
  const cwd = await place.folder()
  const ledger = join(cwd, 'ledger.db')
  await recorded(ledger, kinds)
  const came = { connections: 0 }
  const server = createServer((_, response) => response.end()).on('connection', () => came.connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const run = async (...args: string[]) => {
    const words = ['rehearse', '--database', `sqlite:${ledger}`, '--handlers', HANDLERS, ...args]
    return hookkeeper(words, { cwd, env: { TARGET: `http://${address}/`, HOOKKEEPER_RELEASE: 'next' } })
  }
  const bytes = () => createHash('sha256').update(readFileSync(ledger)).digest('hex')
  return { place, cwd, ledger, run, came, address, bytes }
}

test('500 events: regressions, mends and what cannot be known are told apart, with no call outside and no change to the ledger', async (t) => {
  const { cwd, run, came, bytes, address } = await setUp(t, [
    { type: 'invoice.paid', count: 225 },
    { type: 'charge.failed', count: 100, dead: true },
    { type: 'customer.created', count: 50 },
    { type: 'invoice.created', count: 60 },
    { type: 'payout.paid', count: 6 * WAYS },
    { type: 'refund.created', count: 1 },
    { type: 'customer.deleted', count: 1 },
    { type: 'coupon.created', count: 9 },
  ])
  const before = { bytes: bytes(), files: readdirSync(cwd) }

  const { code, out, err } = await run('--json')

  assert.equal(code, 1, err)
  const account = JSON.parse(out)
  assert.deepEqual(account.types, {
    'charge.failed': { same: 0, regression: 0, mend: 100, unknown: 0 },
    'coupon.created': { same: 0, regression: 9, mend: 0, unknown: 0 },
    'customer.created': { same: 0, regression: 50, mend: 0, unknown: 0 },
    'customer.deleted': { same: 0, regression: 1, mend: 0, unknown: 0 },
    'invoice.created': { same: 60, regression: 0, mend: 0, unknown: 0 },
    'invoice.paid': { same: 225, regression: 0, mend: 0, unknown: 0 },
    'payout.paid': { same: 0, regression: 0, mend: 0, unknown: 54 },
    'refund.created': { same: 0, regression: 0, mend: 0, unknown: 1 },
  })
  assert.deepEqual([account.events, account.release, account.counts.unknown], [500, 'next', 55])
  assert.equal(account.unknown[address], 30)
  const [thrown] = account.regressions as { error: { name: string; handler: string; message: string }; count: number }[]
  assert.deepEqual([thrown?.count, thrown?.error.name, thrown?.error.handler], [50, 'TypeError', 'customer.created'])
  assert.ok(!out.includes(CANARY) && !err.includes(CANARY))
  assert.equal(came.connections, 0)
  assert.deepEqual({ bytes: bytes(), files: readdirSync(cwd) }, before)
})

test('without a regression it ends with 0, and says so to people', async (t) => {
  const { run } = await setUp(t, [
    { type: 'invoice.paid', count: 3 },
    { type: 'charge.failed', count: 2, dead: true },
    { type: 'customer.created', count: 4 },
  ])

  const { code, out } = await run('--type', 'invoice.*')
  const mended = await run('--type', 'charge.failed', '--limit', '1')

  assert.equal(code, 0)
  assert.match(out, /^3 events with the handlers of next: 0 regressions, 0 mends, 3 the same, 0 unknown\n/)
  assert.match(mended.out, /^1 events .* 1 mend,.*\nThere are older ones/)
  assert.equal((await run('--last', '0s')).out.split('\n')[0]?.startsWith('0 events'), true)
})

test('a time-out is a regression, and holds nobody else up', async (t) => {
  const { run } = await setUp(t, [
    { type: 'customer.updated', count: 2 },
    { type: 'invoice.paid', count: 5 },
  ])

  const { code, out } = await run('--json', '--set', 'processing.handlerMs=100')

  assert.equal(code, 1)
  const { types, regressions } = JSON.parse(out)
  assert.equal(types['invoice.paid'].same, 5)
  assert.deepEqual([regressions[0].count, regressions[0].error.code], [2, 'handler_timeout'])
})

test('what is allowed is reached, and only that', async (t) => {
  const { run, came, address } = await setUp(t, [{ type: 'payout.paid', count: 1 }])

  const { code, out } = await run('--json', '--allow', address)

  assert.deepEqual([code, JSON.parse(out).counts.same, came.connections], [0, 1, 1])
})

test('while it runs the ledger goes on as before', async (t) => {
  const { place, ledger, run } = await setUp(t, [{ type: 'invoice.paid', count: 20 }])
  const up = await new Up({ place, ledger, port: await place.port(), handlers: 'slow' }).started()
  const before = await up.get<{ data: object[] }>('/api/v1/events?limit=50')

  const { code, out, err } = await run('--json')

  assert.equal(code, 0, err)
  assert.equal(JSON.parse(out).counts.same, 20)
  assert.deepEqual(await up.get('/api/v1/events?limit=50'), before)
  assert.equal((await up.stop()).code, 0)
})

test('what cannot be rehearsed is said in one sentence, and ends with 2', async (t) => {
  const { run, cwd } = await setUp(t, [{ type: 'invoice.paid', count: 1 }])

  const wrong = await run('--allow', 'everything')
  const missing = await run('--handlers', 'nowhere.ts')

  const nothing = await run('--database', 'sqlite:nowhere.db')

  assert.deepEqual([wrong.code, missing.code, nothing.code], [2, 2, 2])
  assert.match(wrong.err, /--allow everything is not host:port/)
  assert.match(missing.err, /nowhere\.ts cannot be loaded/)
  assert.deepEqual(
    readdirSync(cwd).filter((name) => name.startsWith('rehearsal-')),
    [],
  )
})
