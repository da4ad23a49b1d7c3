import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Kept, matrix } from '../conformance/kept.ts'

const SUITE = [
  { name: 'it keeps', needs: [] },
  { name: 'it keeps over a restart', needs: ['restart'] },
]
const kept = (over: Partial<Kept>): Kept => ({
  ...{ suite: 'broker', driver: 'one', version: 'One 1.0', offers: [], promises: ['it keeps'] },
  ...over,
})

test('a promise that a service cannot be tried with has an empty cell', () => {
  const two = kept({ driver: 'two', offers: ['restart'], promises: ['it keeps', 'it keeps over a restart'] })

  assert.deepEqual(matrix(SUITE, [kept({}), two]), {
    head: ['', 'one', 'two'],
    rows: [
      ['it keeps', 'kept', 'kept'],
      ['it keeps over a restart', '', 'kept'],
    ],
  })
})

test('a promise that nobody has tried, or that is no more, is not written down as kept', () => {
  assert.throws(() => matrix(SUITE, [kept({ offers: ['restart'] })]), /one was not tried with: it keeps over a restart/)
  assert.throws(() => matrix(SUITE, [kept({ promises: ['it keeps', 'it sings'] })]), /one was not tried with: it sings/)
})
