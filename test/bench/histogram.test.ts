import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histogram } from '../../bench/load/histogram.ts'
import { seeded } from '../../src/core/random.ts'

const QUANTILES = [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]

test('every percentile is the exact one, or above it by less than 1/128 of it', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seeded(seed)
    const values = Array.from({ length: 1 + Math.floor(random() * 5_000) }, () => Math.floor(10 ** (random() * 8)))
    const histogram = new Histogram()
    for (const value of values) histogram.record(value)

    const sorted = values.toSorted((a, b) => a - b)
    for (const q of QUANTILES) {
      const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!
      const found = histogram.quantile(q)
      assert.ok(found >= exact && found - exact <= exact / 128, `seed ${seed}: q ${q} is ${exact}, found ${found}`)
    }
    assert.equal(histogram.count, values.length)
    assert.equal(histogram.max, sorted.at(-1))
  }
})

test('neighbouring buckets leave no gap and do not overlap: a value and its successor keep their order', () => {
  for (const edge of [0, 1, 255, 256, 257, 511, 512, 1_023, 1_024, 65_535, 65_536, 2 ** 30, 2 ** 31 - 2]) {
    const histogram = new Histogram()
    histogram.record(edge)
    histogram.record(edge + 1)
    assert.ok(
      histogram.quantile(0.5) >= edge && histogram.quantile(0.5) <= edge + Math.max(1, edge / 128),
      String(edge),
    )
    assert.equal(histogram.quantile(1), edge + 1)
  }
})

test('what is out of range counts as the nearest value, and an empty histogram answers zero', () => {
  const histogram = new Histogram()
  assert.deepEqual([histogram.count, histogram.max, histogram.quantile(0.5)], [0, 0, 0])

  histogram.record(-5)
  histogram.record(2 ** 40)

  assert.equal(histogram.quantile(0.5), 0)
  assert.equal(histogram.quantile(1), 2 ** 31 - 1)
})
