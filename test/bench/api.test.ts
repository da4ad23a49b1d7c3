import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantileBetween, readBuckets } from '../../bench/api.ts'

const text = (three: number, fifteen: number, all: number) => `# TYPE lag histogram
lag_bucket{le="0.003",type="a"} ${three}
lag_bucket{le="0.015",type="a"} ${fifteen}
lag_bucket{type="b",le="0.003"} 1
lag_bucket{type="b",le="0.015"} 1
lag_bucket{le="+Inf",type="a"} ${all}
lag_bucket{type="b",le="+Inf"} 1
lag_sum{type="a"} 1.5
other_lag_bucket{le="0.003"} 99
`

test('percentiles are taken over what came between two readings, all labels together, at the upper edge', () => {
  const before = readBuckets(text(10, 20, 30), 'lag')
  const after = readBuckets(text(60, 119, 130), 'lag')

  assert.deepEqual(
    [...after],
    [
      [0.003, 61],
      [0.015, 120],
      [Number.POSITIVE_INFINITY, 131],
    ],
  )
  assert.equal(quantileBetween(before, after, 0.5), 0.003)
  assert.equal(quantileBetween(before, after, 0.51), 0.015)
  assert.equal(quantileBetween(before, after, 0.99), 0.015)
  assert.equal(quantileBetween(before, after, 1), Number.POSITIVE_INFINITY)
})

test('with nothing in between there is no percentile', () => {
  const same = readBuckets(text(10, 20, 30), 'lag')
  assert.ok(Number.isNaN(quantileBetween(same, same, 0.5)))
})
