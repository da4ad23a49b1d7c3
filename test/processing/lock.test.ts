import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../../src/core/clock.ts'
import { LockLost, LockUnavailable } from '../../src/lock/lock.ts'
import type { LaneLocks } from '../../src/processing/lane-lock.ts'
import { event, gate, room } from './room.ts'

/** Locks that are given when `away` is false; `lose` takes the one that is held. */
function locksOf(whenLost: 'wait' | 'fence-only') {
  const state = { away: false, asked: 0, ttlMs: 0, lose: (_taken: boolean) => {} }
  const locks: LaneLocks = {
    whenLost,
    async hold(_name, ttlMs, work) {
      state.asked++
      state.ttlMs = ttlMs
      if (state.away) throw new LockUnavailable('Nobody answers.')
      const lost = new AbortController()
      state.lose = (taken) => lost.abort(new LockLost('It is lost.', taken))
      return work(lost.signal)
    },
  }
  return { state, locks }
}

test('while locks cannot be had events wait, no attempt is counted, the ledger is asked at leisure, and it is said once', async () => {
  const { state, locks } = locksOf('wait')
  const { clock, ledger, handlers, worker, lines } = room({ locks })
  handlers.on('invoice.paid', () => {})
  state.away = true
  const refs = Array.from({ length: 20 }, (_, n) => ledger.add(event('invoice.paid', { lane: `cus_${n}` })))

  await worker.start()
  await clock.advance(10_000)
  assert.ok(state.asked <= 8 * 11, `${state.asked} times in ten seconds, where 8 are worked at once`)
  assert.deepEqual(ledger.settled, [])
  state.away = false
  await clock.advance(5_000)

  assert.ok(refs.every((ref) => ledger.row(ref).state === 'done' && ledger.row(ref).attempts === 1))
  assert.deepEqual(
    lines.filter(({ message }) => /locks/.test(message)).map(({ message }) => message),
    ['locks cannot be had: events wait', 'locks can be had again'],
  )
})

test('where it is configured so, events are worked without locks that cannot be had', async () => {
  const { state, locks } = locksOf('fence-only')
  const { ledger, handlers, worker, lines } = room({ locks })
  handlers.on('invoice.paid', () => {})
  state.away = true
  const ref = ledger.add(event())

  await worker.start()
  await settled()

  assert.deepEqual([ledger.row(ref).state, state.asked], ['done', 1])
  assert.equal(lines.at(0)?.message, 'locks cannot be had: events are worked without')
})

test('an attempt that loses its lock is aborted and given back, no attempt counted; a lock lasts as long as the lease', async () => {
  const { state, locks } = locksOf('wait')
  const { ledger, handlers, worker } = room({ locks })
  const reasons: unknown[] = []
  const again = gate()
  handlers.on('invoice.paid', { timeoutMs: 30_000 }, (_event, { signal }) => {
    if (reasons.length > 0) return again.opened
    return new Promise<void>((_, reject) =>
      signal.addEventListener('abort', () => {
        reasons.push(signal.reason)
        reject(signal.reason)
      }),
    )
  })
  const ref = ledger.add(event())
  await worker.start()
  await settled()
  assert.equal(state.ttlMs, 40_000)
  state.lose(false)
  await settled()

  assert.ok(reasons[0] instanceof LockLost)
  assert.deepEqual([ledger.settled.length, ledger.row(ref).attempts, state.asked], [0, 1, 2])
  again.open()
  await settled()
  assert.deepEqual([ledger.row(ref).state, ledger.row(ref).attempts], ['done', 1])
})

test('without locks as a choice: one that could not be renewed ends nothing, one that is taken does', async () => {
  for (const taken of [false, true]) {
    const { state, locks } = locksOf('fence-only')
    const { ledger, handlers, worker } = room({ locks })
    const work = gate()
    let aborted = false
    handlers.on('invoice.paid', (_event, { signal }) => {
      signal.addEventListener('abort', () => void (aborted = true))
      return work.opened
    })
    ledger.add(event())
    await worker.start()
    await settled()
    state.lose(taken)
    await settled()

    assert.equal(aborted, taken)
    work.open()
    await settled()
  }
})

/** A worker is stopped while its lock keeps one event, and its drain is over before the lock goes on. */
async function stoppedUnder(hold: LaneLocks['hold'], goOn: () => void) {
  const { clock, ledger, handlers, worker } = room({ locks: { hold } })
  let ran = 0
  handlers.on('invoice.paid', () => void ran++)
  const ref = ledger.add(event())
  await worker.start()
  await settled()

  const stopped = worker.stop()
  await clock.advance(7_000)
  goOn()
  await stopped
  return [ran, ledger.row(ref).state, ledger.row(ref).attempts]
}

test('what the handlers have done counts, also where the drain is over while the lock is being released', async () => {
  const released = gate()
  const hold: LaneLocks['hold'] = async (_name, _ttlMs, work) => {
    const value = await work(new AbortController().signal)
    await released.opened
    return value
  }

  assert.deepEqual(await stoppedUnder(hold, released.open), [1, 'done', 1])
})

test('an event that is given up while its lock is on the way begins no handler', async () => {
  const given = gate()
  const hold: LaneLocks['hold'] = async (_name, _ttlMs, work) => {
    await given.opened
    return work(new AbortController().signal)
  }

  assert.deepEqual(await stoppedUnder(hold, given.open), [0, 'waiting', 0])
})
