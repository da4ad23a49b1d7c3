import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { barsTable, table, write } from '../../bench/report.ts'
import { type Bar, type Figure, median, rows, verdicts } from '../../bench/rows.ts'

const figure = (subject: string, alternation: number, value: number): Figure => ({
  subject,
  alternation,
  metric: 'rate',
  unit: '1/s',
  value,
})
// The machine slows down to a tenth in the second alternation: both slow down alike.
const figures = [
  [figure('L', 1, 1_000), figure('ours', 1, 900)],
  [figure('L', 2, 100), figure('ours', 2, 80)],
  [figure('L', 3, 1_000), figure('ours', 3, 850)],
].flat()

test('a ratio is the median over pairs of one alternation, not a quotient of medians', () => {
  const [reference, ours] = rows(figures, [], 'L')

  assert.equal(reference?.ratio, null)
  assert.deepEqual<unknown>(ours, {
    subject: 'ours',
    metric: 'rate',
    unit: '1/s',
    median: 850,
    min: 80,
    max: 900,
    runs: 3,
    ratio: { to: 'L', value: 0.85 },
  })
})

test('nothing beside nothing has no ratio, and neither has a figure without its pair', () => {
  const none = [figure('L', 1, 0), figure('ours', 1, 0)]
  assert.equal(rows(none, [], 'L')[1]?.ratio, null)
  assert.equal(rows([figure('L', 1, 5), figure('ours', 2, 5)], [], 'L')[1]?.ratio, null)
})

test('the median of an even number lies between the two in the middle', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.equal(median([5]), 5)
  assert.ok(Number.isNaN(median([])))
})

test('a bar is kept up to its very value, missed beyond, and missed when nothing was measured', () => {
  const judge = (bar: Bar) => verdicts(rows(figures, [bar], null), [bar])[0]?.kept
  const ours = { subject: 'ours', metric: 'rate' }

  assert.equal(judge({ ...ours, atLeast: 0.85, of: 'L' }), true)
  assert.equal(judge({ ...ours, atLeast: 0.86, of: 'L' }), false)
  assert.equal(judge({ ...ours, atMost: 850, of: null }), true)
  assert.equal(judge({ ...ours, atMost: 849, of: null }), false)
  assert.equal(judge({ ...ours, atLeast: 0, of: 'nobody' }), false)
  assert.equal(judge({ subject: 'ours', metric: 'p99', atMost: 1, of: null }), false)
})

test('the results file has the shape that others read, and the table shows the same rows', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'hookkeeper-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const results = {
    name: 'ingest',
    at: '2026-05-09T12:00:00.000Z',
    commit: 'abc',
    machine: 'm',
    rows: rows(figures, [], 'L'),
  }

  const read = JSON.parse(readFileSync(write(results, dir), 'utf8'))

  assert.deepEqual(read, results)
  assert.deepEqual(Object.keys(read), ['name', 'at', 'commit', 'machine', 'rows'])
  assert.deepEqual(Object.keys(read.rows[1] ?? {}), [
    'subject',
    'metric',
    'unit',
    'median',
    'min',
    'max',
    'runs',
    'ratio',
  ])
  assert.match(table(results.rows), /^ours +rate +1\/s +850 +80 +900 +3 +0\.85 x L$/m)
})

test('a missed bar is named with what was measured and what was asked', () => {
  const bar: Bar = { subject: 'ours', metric: 'rate', atLeast: 0.9, of: 'L' }
  assert.match(
    barsTable(verdicts(rows(figures, [bar], null), [bar])),
    /^MISSED +ours +rate +0\.85 +at least 0\.9 +x L$/m,
  )
})
