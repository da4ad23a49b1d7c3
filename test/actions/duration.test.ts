import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationMs, instantMs } from '../../src/actions/duration.ts'

test('durations are read as people write them, and nothing else is', () => {
  const read = {
    '90s': 90_000,
    '30m': 1_800_000,
    '2h': 7_200_000,
    '7d': 604_800_000,
    '250ms': 250,
    '1500': 1500,
    '0s': 0,
  }

  for (const [text, ms] of Object.entries(read)) assert.equal(durationMs(text), ms, text)
  assert.equal(durationMs(1500), 1500)
  for (const wrong of ['', 'h', '-1h', '1.5h', '1 h', '1h30m', '1w', '1H', '999999999999999d', -1, 0.5, Number.NaN])
    assert.equal(durationMs(wrong), null, String(wrong))
})

test('instants are ISO 8601 with a zone, days, or milliseconds, and nothing else is', () => {
  assert.equal(instantMs('2026-01-31'), Date.UTC(2026, 0, 31))
  assert.equal(instantMs('2026-01-31T09:30Z'), Date.UTC(2026, 0, 31, 9, 30))
  assert.equal(instantMs('2026-01-31T09:30:05.250+02:00'), Date.UTC(2026, 0, 31, 7, 30, 5, 250))
  assert.equal(instantMs('1767225600000'), 1_767_225_600_000)
  assert.equal(instantMs(1_767_225_600_000), 1_767_225_600_000)
  const wrongs = ['', 'now', '2026', '1767225600', '2026-01-31T09:30:05', '31.1.2026', '2026-13-01', '1e13', 0, -1, 1.5]
  for (const wrong of wrongs) assert.equal(instantMs(wrong), null, String(wrong))
})
