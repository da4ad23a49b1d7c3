import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, type Rehearsed, rehearsedAs } from '../../src/rehearsal/verdict.ts'

const NOW: readonly Rehearsed['outcome'][] = ['worked', 'unhandled', 'failed', 'lost', 'put-off']
const TABLE = {
  worked: ['same', 'regression', 'regression', 'regression', 'unknown'],
  unhandled: ['mend', 'same', 'regression', 'regression', 'unknown'],
  exhausted: ['mend', 'unknown', 'same', 'same', 'unknown'],
  lost: ['mend', 'unknown', 'same', 'same', 'unknown'],
} as const

test('what went well and does not any more is a regression, what failed and works now a mend', () => {
  for (const [recorded, verdicts] of Object.entries(TABLE))
    assert.deepEqual(
      NOW.map((now) => judge(recorded as keyof typeof TABLE, now, null)),
      verdicts,
      recorded,
    )
})

test('what met a refusal is unknown, however it ended', () => {
  for (const recorded of Object.keys(TABLE))
    for (const now of NOW) assert.equal(judge(recorded as keyof typeof TABLE, now, 'a name server'), 'unknown')
})

test('an attempt that would be tried again has failed; one that asks to wait is put off', () => {
  const error = { name: 'E', code: null, handler: 'one', message: 'threw E' }
  assert.equal(rehearsedAs({ kind: 'retry', delayMs: 5, reason: 'failed', error }).outcome, 'failed')
  assert.equal(rehearsedAs({ kind: 'dead', reason: 'refused', error }).outcome, 'failed')
  assert.equal(rehearsedAs({ kind: 'wait', delayMs: 5, reason: 'later', error }).outcome, 'put-off')
  assert.equal(rehearsedAs({ kind: 'done', reason: 'unhandled' }).outcome, 'unhandled')
})
