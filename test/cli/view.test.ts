import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Happened, render, type Snapshot, sparkline } from '../../src/cli/demo/view.ts'

process.env.TZ = 'UTC'

const STARTED_AT = Date.UTC(2026, 0, 31, 12, 4, 0)

const OUTCOMES = [
  ['done', 'invoice.paid', 1, null, ''],
  ['retry', 'customer.subscription.updated', 2, 41_000, 'billing answered 503.'],
  ['done', 'checkout.session.completed', 1, null, ''],
  ['dead', 'invoice.payment_failed', 1, null, 'refused with Dead at handlers.ts:27'],
  ['done', 'charge.succeeded', 1, null, ''],
] as const

function happened(n: number): Happened {
  const [outcome, type, attempt, delayMs, why] = OUTCOMES[n % OUTCOMES.length]!
  return {
    at: STARTED_AT + n * 250,
    outcome,
    type,
    id: `evt_1QxAbCdEfGhIjKl${n}`,
    object: null,
    attempt,
    delayMs,
    why,
  }
}

const newestFirst = Array.from({ length: 60 }, (_, n) => happened(60 - n))

const busy: Snapshot = {
  elapsedMs: 102_000,
  topology: '',
  note: 'seed 7',
  broker: null,
  waiting: [],
  public: 'http://127.0.0.1:4242/webhooks/stripe',
  private: 'http://127.0.0.1:4243',
  received: { total: 5312, perSecond: 52.4, history: Array.from({ length: 200 }, (_, n) => 40 + 20 * Math.sin(n / 7)) },
  done: { total: 1_234_567, perSecond: 51, history: Array.from({ length: 30 }, (_, n) => n) },
  counts: { done: 1_234_567, repeat: 512, retry: 87, dead: 12, refused: 0 },
  backlog: { ready: 12, scheduled: 4, held: 0, running: 9, dead: 12, readyOldestMs: 240 },
  last: newestFirst,
  dead: newestFirst.filter(({ outcome }) => outcome === 'dead'),
}

const buffered: Snapshot = {
  ...busy,
  topology: 'Redis (7.0.15) before SQLite',
  broker: { name: 'redis://127.0.0.1:6379/stripe', waiting: 1234, oldestMs: 3000, spooled: null },
  waiting: Array.from({ length: 200 }, (_, n) => n % 50),
}

const away: Snapshot = {
  ...buffered,
  broker: { name: 'kafka://127.0.0.1:9092/stripe', waiting: null, oldestMs: 0, spooled: 512 },
  backlog: null,
}

const quiet: Snapshot = {
  ...busy,
  elapsedMs: 0,
  received: { total: 0, perSecond: 0, history: [] },
  done: { total: 0, perSecond: 0, history: [] },
  counts: { done: 0, repeat: 0, retry: 0, dead: 0, refused: 0 },
  backlog: { ready: 0, scheduled: 0, held: 0, running: 0, dead: 0, readyOldestMs: 0 },
  last: [],
  dead: [],
}

for (const [name, snapshot, columns, rows] of [
  ['busy-80x24', busy, 80, 24],
  ['busy-120x40', busy, 120, 40],
  ['buffered-80x24', buffered, 80, 24],
  ['away-80x24', away, 80, 24],
  ['quiet-80x24', quiet, 80, 24],
] as const) {
  test(`the view draws as drawn before: ${name}`, () => {
    const drawn = render(snapshot, { columns, rows, colour: false })

    assert.equal(`${drawn}\n`, readFileSync(new URL(`golden/${name}.txt`, import.meta.url), 'utf8'))
  })
}

test('the view fills exactly the terminal, however large, and never writes past its edge', () => {
  for (const columns of [76, 80, 100, 213]) {
    for (const rows of [10, 24, 33, 80]) {
      const lines = render(away, { columns, rows, colour: false }).split('\n')
      assert.equal(lines.length, rows, `${columns}x${rows}`)
      for (const line of lines) assert.ok([...line].length <= columns, `${columns}x${rows}: ${line}`)
    }
  }
})

test('colour adds nothing but colour', () => {
  const frame = { columns: 100, rows: 30 }
  const plain = render(busy, { ...frame, colour: false })
  const coloured = render(busy, { ...frame, colour: true })

  assert.notEqual(coloured, plain)
  // biome-ignore lint/complexity/useRegexLiterals: a literal may not hold the escape
  assert.equal(coloured.replace(new RegExp('\\u001b\\[\\d+m', 'g'), ''), plain)
})

test('text from outside cannot steer the terminal', () => {
  const evil = {
    ...happened(0),
    type: 'invoice.\u001b[2Jpaid\u0007',
    id: 'evt_\u009b31m',
    why: 'x\u001b]0;title\u0007\u202e',
  }

  const drawn = render({ ...busy, last: [evil], dead: [evil] }, { columns: 120, rows: 30, colour: false })

  assert.doesNotMatch(drawn.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u)
})

test('a sparkline shows the newest values, the highest of them full', () => {
  assert.equal(sparkline([9, 0, 1, 2, 4], 4), '▁▃▅█')
  assert.equal(sparkline([1], 3), '▁▁█')
  assert.equal(sparkline([], 3), '▁▁▁')
})
