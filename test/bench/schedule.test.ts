import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closedLoop, openLoop } from '../../bench/load/schedule.ts'

test('in an open loop a request that goes out late keeps the time it was meant for', () => {
  const schedule = openLoop({ startAt: 100, ratePerSecond: 100, untilAt: 200, requestsMax: 1_000 })

  assert.equal(schedule.take(99), null)
  assert.equal(schedule.take(100), 100)
  assert.equal(schedule.take(109), null)
  assert.deepEqual(
    [schedule.take(135), schedule.take(135), schedule.take(135), schedule.take(135)],
    [110, 120, 130, null],
  )
})

test('an open loop sends as many as the rate says, however late, and is then over', () => {
  const schedule = openLoop({ startAt: 0, ratePerSecond: 100, untilAt: 100, requestsMax: 1_000 })
  let sent = 0
  while (schedule.take(5_000) !== null) sent++

  assert.equal(sent, 10)
  assert.equal(schedule.over(5_000), true)
})

test('both loops end at their greatest number', () => {
  for (const schedule of [
    openLoop({ startAt: 0, ratePerSecond: 1_000, untilAt: 1_000, requestsMax: 2 }),
    closedLoop({ untilAt: 1_000, requestsMax: 2 }),
  ]) {
    assert.notEqual(schedule.take(500), null)
    assert.equal(schedule.over(500), false)
    assert.notEqual(schedule.take(500), null)
    assert.equal(schedule.take(500), null)
    assert.equal(schedule.over(500), true)
  }
})

test('a closed loop sends at once until its time is over', () => {
  const schedule = closedLoop({ untilAt: 1_000, requestsMax: 10 })
  assert.equal(schedule.take(999), 999)
  assert.equal(schedule.take(1_000), null)
})
