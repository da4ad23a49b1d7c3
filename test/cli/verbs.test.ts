import assert from 'node:assert/strict'
import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { openStore } from '../../src/presets/database.ts'
import { makeEvent } from '../../src/simulator/trigger.ts'
import { readEvent, toEnvelope } from '../../src/stripe/shapes.ts'
import { emptyFolder } from '../folder.ts'
import { hookkeeper } from './run.ts'

const VERBS = [
  'init',
  'up',
  'demo',
  'check',
  'events',
  'tail',
  'do',
  'trigger',
  'simulate',
  'backup',
  'migrate',
  'rehearse',
]
const ACTIONS = ['replay', 'discard', 'pause', 'resume', 'quarantine', 'reroute']
const CANARY = 'canary-in-a-body'

let cwd: string
const ids: string[] = []

/** A ledger with three events, of which one is dead, that nobody keeps just now. */
before(async () => {
  cwd = emptyFolder('verbs')
  const store = await openStore('sqlite:.hookkeeper/hookkeeper.db', { cwd })
  for (const [n, type] of ['invoice.paid', 'invoice.paid', 'customer.created'].entries()) {
    const { json } = makeEvent(type, seeded(n), systemClock.now() - 60_000)
    const body = Buffer.from(JSON.stringify({ ...json, canary: CANARY }))
    const read = readEvent(body)
    assert.ok(read.ok)
    ids.push(read.event.id)
    const arrival = { body, account: 'default', endpoint: 'default', via: 'webhook', mode: 'both' } as const
    await store.ledger.admit([toEnvelope(read.event, arrival)])
  }
  const handles = [{ pattern: 'customer.created', name: 'crm', leaseMs: 60_000, room: 1, strict: false }]
  const [work] = await store.ledger.lease({ max: 1, waitMs: 0, worker: 'w1', release: 'r1', handles })
  assert.ok(work)
  const error = { name: 'Dead', code: null, handler: 'crm', message: 'refused with Dead' }
  await store.ledger.settle([{ work, returned: [], outcome: { kind: 'dead', reason: 'refused', error } }])
  await store.close()
})

const run = (...args: string[]) => hookkeeper(args, { cwd })

async function lines(...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, out, err } = await run(...args, '--json')
  assert.equal(code, 0, err)
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

test('every verb and every action explains itself', async () => {
  const { out, code } = await run('--help')
  assert.equal(code, 0)
  for (const verb of VERBS) assert.match(out, new RegExp(`^  ${verb}\\b`, 'm'))

  const helps = await Promise.all(
    [...VERBS.map((verb) => [verb]), ...ACTIONS.map((name) => ['do', name])].map((words) => run(...words, '--help')),
  )
  for (const help of helps) {
    assert.equal(help.code, 0, help.err)
    assert.match(help.out, /^Usage: hookkeeper \w+/)
  }
})

test('events lists newest first, narrows by its flags and pages without a gap', async () => {
  const all = await lines('events', '--limit', 'all')
  const paid = await lines('events', '--type', 'invoice.paid')
  const dead = await lines('events', '--state', 'dead')

  assert.deepEqual(new Set(all.map(({ id }) => id)), new Set(ids))
  assert.deepEqual(
    paid.map(({ type }) => type),
    ['invoice.paid', 'invoice.paid'],
  )
  assert.deepEqual(
    dead.map(({ id, reason }) => [id, reason]),
    [[ids[2], 'refused']],
  )
  assert.deepEqual(await lines('events', '--since', '0m'), [])
})

test('an event as JSON has exactly the fields that were promised', async () => {
  const [event] = await lines('events', '--limit', '1')

  assert.deepEqual(
    Object.keys(event ?? {}).sort(),
    'account attempts connected created customer done due endpoint held id lane livemode object reason received state twinOf type via'.split(
      ' ',
    ),
  )
})

test('one event is shown with its attempts, and its body only when asked for', async () => {
  const plain = await run('events', ids[2]!)
  const [story] = await lines('events', ids[2]!)
  const withBody = await run('events', ids[2]!, '--body')

  assert.match(plain.out, /attempt 1 {2}dead .* crm: refused with Dead/)
  assert.ok(!plain.out.includes(CANARY) && !JSON.stringify(story).includes(CANARY))
  assert.ok(withBody.out.includes(CANARY))
})

test('do previews without changing anything, then acts, and keeps who and why', async () => {
  const before = await lines('events', ids[2]!)
  const preview = await run('do', 'replay', ids[2]!, '--preview')
  assert.match(preview.out, /^Preview: 1 events reopened/)
  assert.deepEqual(await lines('events', ids[2]!), before)

  const [done] = await lines('do', 'replay', ids[2]!, '--why', 'the handler is mended', '--by', 'ann')
  const [after] = await lines('events', ids[2]!)

  assert.deepEqual([done?.['verdict'], done?.['verified']], ['applied', true])
  assert.equal(after?.['state'], 'waiting')
  const timeline = after?.['timeline'] as { kind: string; by?: string; why?: string }[]
  assert.deepEqual(
    timeline.filter(({ kind }) => kind === 'move').map(({ by, why }) => [by, why]),
    [['ann', 'the handler is mended']],
  )
})

test('pause and resume take the words of the API as flags', async () => {
  const paused = await run('do', 'pause', '--types', 'invoice.*', '--ttl', '30m')
  assert.equal(paused.code, 0, paused.err)
  const resumed = await run('do', 'resume', '--types', 'invoice.*')
  assert.match(resumed.out, /^1 controls lifted/)
})

test('a gateway is rerouted also where no process of it is asked', async () => {
  const env = {
    HOOKKEEPER_FORWARD_TO: 'http://app.internal:3000/hook',
    HOOKKEEPER_FORWARD_SECONDARY: 'http://spare/hook',
  }
  const without = await run('do', 'reroute')
  const rerouted = await hookkeeper(['do', 'reroute', '--ttl', '30m', '--json'], { cwd, env })

  assert.match(without.err, /No destination has a secondary/)
  assert.equal(rerouted.code, 0, rerouted.err)
  const { what, controls } = JSON.parse(rerouted.out).receipt
  assert.match(what, /Events of app\.internal:3000 go to spare until/)
  assert.equal((await run('do', 'resume', '--control', controls[0])).code, 0)
})

test('backup writes a ledger that can be read, and overwrites nothing', async () => {
  const copy = join(cwd, 'copy.db')
  const first = await run('backup', 'copy.db')
  const again = await run('backup', 'copy.db')

  assert.equal(first.code, 0, first.err)
  assert.ok(statSync(copy).size > 0)
  assert.notEqual(again.code, 0)
  const other = emptyFolder('copy')
  copyFileSync(copy, join(other, 'hookkeeper.db'))
  const { out } = await hookkeeper(['events', '--json', '--database', 'sqlite:hookkeeper.db'], { cwd: other })
  assert.equal(out.split('\n').filter(Boolean).length, ids.length)
})

test('check says what stands in the way, and ends with 2 when something does', async () => {
  const free = ['--set', 'ingestion.port=0', '--set', 'console.port=0', '--set', 'ingestion.host=127.0.0.1']
  const without = await run('check', '--json', ...free)
  const env = { STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdefghijWXYZ' }
  const fine = await hookkeeper(['check', '--json', '--print', ...free], { cwd, env })

  const refused = JSON.parse(without.out) as { ok: boolean; findings: { level: string; what: string }[] }
  assert.equal(without.code, 2)
  assert.equal(refused.ok, false)
  assert.ok(refused.findings.some(({ level, what }) => level === 'refuse' && /No webhook secret/.test(what)))
  assert.equal(fine.code, 0, fine.out)
  assert.match(fine.out, /whsec_…WXYZ/)
  assert.doesNotMatch(fine.out, /0123456789/)
})

for (const [what, args, env, code, sentence] of [
  ['an unknown flag', ['events', '--wrong'], {}, 2, /unknown option '--wrong'/],
  ['an unknown verb', ['evnts'], {}, 2, /unknown command 'evnts'.*\n?.*Did you mean events\?/],
  ['an unknown setting', ['check'], { HOOKKEEPER_X: '1' }, 2, /has no setting HOOKKEEPER_X/],
  [
    'a database of another kind',
    ['events'],
    { DATABASE_URL: 'mysql://a:b@c/d' },
    2,
    /a ledger is kept in SQLite or Postgres/,
  ],
  ['up without a secret', ['up'], {}, 2, /No webhook secret is configured.*Set STRIPE_WEBHOOK_SECRET/],
  ['an event that is not there', ['events', 'evt_none'], {}, 1, /There is no event evt_none/],
  ['an action on nothing', ['do', 'replay'], {}, 1, /Say which events/],
  [
    'a trigger that nobody hears',
    ['trigger', 'invoice.paid', '--to', 'http://127.0.0.1:65535/'],
    { STRIPE_WEBHOOK_SECRET: 'whsec_a' },
    1,
    /could not be reached: ECONNREFUSED/,
  ],
] as const) {
  test(`${what} ends with ${code} and one sentence, without a stack`, async () => {
    const { code: ended, out, err } = await hookkeeper([...args], { cwd, env })

    assert.equal(ended, code, err)
    assert.equal(out, '')
    assert.match(err, sentence)
    assert.doesNotMatch(err, /\n\s+at /)
  })
}

test('with --json a refusal is JSON too', async () => {
  const { err } = await run('events', 'evt_none', '--json')

  assert.deepEqual(Object.keys(JSON.parse(err).error), ['code', 'message', 'remedy'])
})

test('migrate prints the table that onceIn needs', async () => {
  const { out } = await run('migrate', '--effects', 'postgres')

  assert.match(out, /^create table if not exists hookkeeper_effects/)
})
