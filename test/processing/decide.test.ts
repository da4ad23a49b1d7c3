import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ceiling, defaultRetry } from '../../src/core/backoff.ts'
import { failure } from '../../src/core/errors.ts'
import { Dead, Later, type Outcome } from '../../src/core/outcome.ts'
import { decide, decideBefore, type Result } from '../../src/processing/decide.ts'
import type { Work } from '../../src/store/store.ts'
import { event, policy } from './room.ts'

const random = () => 0.5
const work = (more: Partial<Work> = {}): Work => ({
  ref: 1,
  fence: 1,
  event: event(),
  lane: 'l',
  attempt: 1,
  lost: 0,
  waitedMs: 0,
  laterMs: null,
  twinOf: null,
  stale: false,
  remembered: {},
  ...more,
})
const returned: Result = { kind: 'returned', handler: 'ok', retry: {} }
const threw = (error: unknown, retry: Result['retry'] = {}): Result => ({ kind: 'threw', error, handler: 'h', retry })
const late: Result = { kind: 'timeout', error: failure('handler_timeout', { ms: 9 }), handler: 'slow', retry: {} }
const rolledBack: Result = {
  kind: 'rolled-back',
  error: failure('settle_in_rolled_back', { handler: 'tx' }),
  handler: 'tx',
  retry: {},
}
const short = ({ kind, reason }: Outcome) => `${kind}/${reason}`
const decided = (results: Result[], more: Partial<Work> = {}) => decide(work(more), results, policy, random)

const table: [string, Result[], string][] = [
  ['all returned', [returned, returned], 'done/worked'],
  ['nothing left to run', [], 'done/worked'],
  ['one error', [returned, threw(new Error('x'))], 'retry/failed'],
  [
    'an error before a Later and a Dead',
    [threw(new Dead('d')), threw(new Later(5)), threw(new Error('x'))],
    'retry/failed',
  ],
  ['a Later before a Dead', [threw(new Dead('d')), threw(new Later(5)), returned], 'wait/later'],
  ['a Dead alone', [returned, threw(new Dead('d'))], 'dead/refused'],
  ['a time-out', [late, returned], 'retry/timeout'],
  ['a time-out before a Later', [threw(new Later(5)), late], 'retry/timeout'],
  ['a string thrown', [threw('oops')], 'retry/failed'],
  ['a transaction that was rolled back', [returned, rolledBack], 'retry/rolled-back'],
  ['a transaction that was rolled back before a Later', [threw(new Later(5)), rolledBack], 'retry/rolled-back'],
  ['an error before a transaction that was rolled back', [rolledBack, threw(new Error('x'))], 'retry/failed'],
  ['a time-out before all', [rolledBack, threw(new Error('x')), late], 'retry/timeout'],
]
for (const [name, results, expected] of table) {
  test(`${name} is ${expected}, in whatever order`, () => {
    assert.equal(short(decided(results)), expected)
    assert.equal(short(decided([...results].reverse())), expected)
  })
}

test('the shortest Later is waited for', () => {
  const outcome = decided([threw(new Later(9_000)), threw(new Later(4_000))])

  assert.deepEqual(outcome.kind === 'wait' && outcome.delayMs, 4_000)
})

test('a wait ends seven days after the first, is tried then, and is dead if put off again', () => {
  const left = decided([threw(new Later(30 * 86_400_000))], { laterMs: policy.laterMaxMs - 1_000 })
  const over = decided([threw(new Later(1))], { laterMs: policy.laterMaxMs })

  assert.equal(left.kind === 'wait' && left.delayMs, 1_000)
  assert.equal(short(over), 'dead/waited')
})

test('an attempt beyond the schedule is dead, one within it is not', () => {
  assert.equal(short(decided([threw(new Error('x'))], { attempt: 14 })), 'retry/failed')
  assert.equal(short(decided([threw(new Error('x'))], { attempt: 15 })), 'dead/exhausted')
  assert.equal(short(decided([late], { attempt: 15 })), 'dead/exhausted')
})

test('the longest schedule among those that threw decides, and none of those that returned', () => {
  const brief = { attempts: 2, baseMs: 10, maxMs: 10 }
  const long = { baseMs: 50_000 }

  const both = decided([threw(new Error('x'), brief), threw(new Error('y'), long)])
  const one = decided([threw(new Error('x'), brief), { ...returned, retry: long }])
  const left = decided([threw(new Error('x'), brief), threw(new Error('y'))], { attempt: 2 })

  assert.equal(both.kind === 'retry' && both.delayMs, 25_000)
  assert.equal(one.kind === 'retry' && one.delayMs, 5)
  assert.equal(left.kind === 'retry' && left.delayMs, ceiling(defaultRetry, 2) / 2)
})

test('what broke on the way is tried again ten times as soon, by whatever client and however wrapped', () => {
  const coded = (code: string) => Object.assign(new Error('x'), { code })
  const passing = [
    ...['57P01', '08006', '40001', '40P01', 'ECONNRESET', 'CONNECTION_CLOSED', 'PROTOCOL_CONNECTION_LOST', 'P2034'].map(
      coded,
    ),
    new Error('Connection terminated unexpectedly'),
    new Error('around', { cause: failure('store_failed', { what: 'x' }, { cause: coded('57P02') }) }),
  ]
  const lasting = [...['23505', '42P01', 'ENOENT', 'P2002'].map(coded), new Error('x'), 'Connection terminated']
  const delays = (errors: unknown[]) =>
    errors
      .map((error) => decided([threw(error)], { attempt: 2 }))
      .map((outcome) => outcome.kind === 'retry' && outcome.delayMs)

  assert.deepEqual(
    delays(passing),
    passing.map(() => ceiling(defaultRetry, 2) / 20),
  )
  assert.deepEqual(
    delays(lasting),
    lasting.map(() => ceiling(defaultRetry, 2) / 2),
  )
})

test('what broke on the way beside another failure waits as long as that one, and ends as late as the schedule says', () => {
  const broken = Object.assign(new Error('x'), { code: 'ECONNRESET' })

  const both = decided([threw(broken), threw(new Error('y'))])

  assert.equal(both.kind === 'retry' && both.delayMs, 5_000)
  assert.equal(short(decided([threw(broken)], { attempt: 14 })), 'retry/failed')
  assert.equal(short(decided([threw(broken)], { attempt: 15 })), 'dead/exhausted')
})

test('a twin, three losses in a row and a type that nobody handles are decided before handlers run', () => {
  assert.deepEqual(decideBefore(work({ twinOf: 'evt_0', lost: 3 }), true, policy), { kind: 'done', reason: 'twin' })
  assert.equal(short(decideBefore(work({ lost: 3 }), true, policy)!), 'dead/lost')
  assert.deepEqual(decideBefore(work(), false, policy), { kind: 'done', reason: 'unhandled' })
  assert.equal(decideBefore(work({ lost: 2 }), true, policy), null)
})

test('of a foreign error class, code and place are kept and never its text', () => {
  const secret = 'jenny.rosen@example.com'
  const foreign = Object.assign(new TypeError(`no ${secret}\n    at x (/${secret}:1:1)`), { code: 'E_NOPE' })
  const odd = Object.assign(new Error(''), { name: secret, code: `${secret} again`, message: secret })
  const cases = [foreign, odd, new Dead(secret), new Later(1, secret), secret, { secret }]

  const notes = cases.map((error) => {
    const outcome = decided([threw(error)])
    return outcome.kind === 'done' ? null : outcome.error
  })

  assert.ok(!JSON.stringify(notes).includes('jenny'), JSON.stringify(notes))
  assert.equal(notes[0]?.name, 'TypeError')
  assert.equal(notes[0]?.code, 'E_NOPE')
  assert.match(notes[0]?.message ?? '', /^threw TypeError E_NOPE at decide\.test\.ts:\d+$/)
})

test('of our own errors the sentence is kept, also as the cause of a Dead or Later', () => {
  const own = failure('destination_failed', { host: 'billing', status: 503 })
  const outcomes = [own, Object.assign(new Later(1), { cause: own })].map((error) => decided([threw(error)]))

  for (const outcome of outcomes) {
    assert.ok(outcome.kind !== 'done')
    assert.equal(outcome.error?.code, 'destination_failed')
    assert.equal(outcome.error?.message, 'billing answered 503.')
  }
})
