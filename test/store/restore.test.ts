import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochsSince } from '../../src/store/restore.ts'

const HOUR_MS = 3_600_000

test('the epoch rises above that of a ledger which was started every ten seconds since, and a thousand times at once', () => {
  for (const hours of [0, 1, 24, 24 * 30]) {
    const starts = (hours * HOUR_MS) / 10_000
    assert.ok(epochsSince({ from: 0, now: hours * HOUR_MS }) >= starts + 1_000)
  }
})

test('the fences of three restores of back-ups that are a month old are still whole numbers', () => {
  const month = epochsSince({ from: 0, now: 30 * 24 * HOUR_MS })

  assert.ok(Number.isSafeInteger(3 * month * 1e9))
})
