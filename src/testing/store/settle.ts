import assert from 'node:assert/strict'
import { DONE, dead, promised, retry, wait } from '../scene.ts'

/** Ending attempts: what each outcome makes of an event, and whom the fence refuses. */
export const settling = [
  promised('done is done: the event is never leased again', [], async (scene) => {
    const event = await scene.admit()
    await scene.work()

    const { state, reason, doneAt, dueAt, attempts } = await scene.entry(event)
    assert.deepEqual({ state, reason, dueAt, attempts }, { state: 'done', reason: 'worked', dueAt: null, attempts: 1 })
    assert.ok(doneAt !== null && doneAt <= scene.clock.now())
    assert.deepEqual(await scene.lease(), [])
  }),

  promised('a retry waits its time, then comes back with one more attempt', ['clock'], async (scene) => {
    const event = await scene.admit()
    await scene.work(retry(5_000))
    assert.equal(await scene.state(event), 'waiting')
    assert.equal((await scene.ledger.backlog()).scheduled, 1)

    await scene.clock.advance(4_999)
    assert.deepEqual(await scene.lease(), [])
    await scene.clock.advance(1)
    assert.equal((await scene.leaseOne()).attempt, 2)
  }),

  promised('a back-off survives a crash', ['clock', 'crash'], async (scene) => {
    await scene.admit()
    await scene.work(retry(5_000))
    await scene.clock.advance(1_000)

    await scene.reopen('crash')

    assert.deepEqual(await scene.lease(), [])
    await scene.clock.advance(4_000)
    assert.equal((await scene.leaseOne()).attempt, 2)
  }),

  promised('to wait costs no attempt, and says since when it was first asked for', ['clock'], async (scene) => {
    await scene.admit()
    await scene.work(wait(1_000))
    await scene.clock.advance(1_000)
    const second = await scene.leaseOne()
    assert.deepEqual([second.attempt, second.laterMs], [1, 1_000])

    await scene.settle(second, wait(2_000))
    await scene.clock.advance(2_000)
    const third = await scene.leaseOne()
    assert.deepEqual([third.attempt, third.laterMs], [1, 3_000])
  }),

  promised('dead is kept whole, counted, and never leased by itself', [], async (scene) => {
    const event = await scene.admit()
    await scene.work(dead('exhausted'))

    assert.equal(await scene.state(event), 'dead exhausted')
    assert.equal((await scene.ledger.backlog()).dead, 1)
    assert.deepEqual(await scene.lease(), [])
    const story = await scene.ledger.open((await scene.entry(event)).ref)
    assert.deepEqual(Buffer.from(story!.body!), event.body)
  }),

  promised('each result of a batch has its own answer', [], async (scene) => {
    await Promise.all([scene.admit(), scene.admit(), scene.admit()])
    const [a, b, c] = await scene.lease()
    const results = [
      { work: a!, outcome: DONE, returned: [] },
      { work: { ref: b!.ref, fence: b!.fence - 1e6 }, outcome: DONE, returned: [] },
      { work: { ref: 999_999, fence: c!.fence }, outcome: DONE, returned: [] },
      { work: c!, outcome: dead(), returned: [] },
    ]

    assert.deepEqual(await scene.ledger.settle(results), ['settled', 'stale', 'stale', 'settled'])
    assert.equal((await scene.ledger.backlog()).running, 1)
  }),

  promised('the same result twice settles once', [], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()
    await scene.settle(work)

    assert.notEqual(await scene.settle(work), 'settled')
    assert.equal(await scene.state(event), 'done worked')
    assert.notEqual(await scene.settle(work, dead()), 'settled')
    assert.equal(await scene.state(event), 'done worked')
    assert.equal((await scene.ledger.backlog()).dead, 0)
  }),

  promised('a result of a lease before this one is stale and changes nothing', [], async (scene) => {
    const event = await scene.admit()
    const late = await scene.leaseOne()
    await scene.settle(late, retry())
    const current = await scene.leaseOne()

    for (const outcome of [DONE, retry(), wait(), dead()]) assert.equal(await scene.settle(late, outcome), 'stale')
    assert.equal(await scene.state(event), 'running')
    assert.equal((await scene.entry(event)).attempts, 2)
    assert.equal(await scene.settle(current), 'settled')
  }),

  promised('a result that comes after the lease ran out is stale, noticed or not', ['clock'], async (scene) => {
    const event = await scene.admit()
    const late = await scene.leaseOne()
    await scene.outlive()

    assert.equal(await scene.settle(late), 'stale')
    assert.notEqual(await scene.state(event), 'done worked')
    const current = await scene.leaseOne()
    assert.equal(await scene.settle(late), 'stale')
    assert.equal(await scene.settle(current), 'settled')
  }),

  promised('settled is settled: it survives a crash', ['crash'], async (scene) => {
    const done = await scene.admit()
    await scene.work()
    const given = await scene.admit()
    await scene.work(dead())

    await scene.reopen('crash')

    assert.deepEqual([await scene.state(done), await scene.state(given)], ['done worked', 'dead refused'])
    assert.equal((await scene.ledger.backlog()).dead, 1)
    assert.deepEqual(await scene.lease(), [])
  }),
  ...returning(),
]

/** Leases that end without an outcome, and leases that go on. */
function returning() {
  return [
    promised('what is given back was never attempted, and comes back after its delay', ['clock'], async (scene) => {
      const event = await scene.admit()
      await scene.ledger.giveBack([await scene.leaseOne()], 5_000)
      assert.equal((await scene.entry(event)).attempts, 0)
      assert.deepEqual(await scene.lease(), [])

      await scene.clock.advance(5_000)
      assert.equal((await scene.leaseOne()).attempt, 1)
    }),

    promised('to give back what is no longer held is harmless', [], async (scene) => {
      const event = await scene.admit()
      const late = await scene.leaseOne()
      await scene.settle(late, retry())
      const current = await scene.leaseOne()

      await scene.ledger.giveBack([late, { ref: 999_999, fence: 1 }], 0)
      assert.equal(await scene.state(event), 'running')
      await scene.settle(current)
      await scene.ledger.giveBack([current], 0)
      assert.equal(await scene.state(event), 'done worked')
    }),

    promised('what was given back cannot be settled any more', [], async (scene) => {
      const event = await scene.admit()
      const work = await scene.leaseOne()
      await scene.ledger.giveBack([work], 0)

      assert.equal(await scene.settle(work), 'stale')
      assert.equal(await scene.state(event), 'waiting')
    }),

    promised('a renewed lease lasts from then on', ['clock'], async (scene) => {
      await scene.admit()
      const work = await scene.leaseOne()
      await scene.clock.advance(30_000)
      assert.deepEqual(await scene.ledger.renew([work], 60_000), [true])

      await scene.clock.advance(59_999)
      assert.equal(await scene.settle(work), 'settled')
    }),

    promised('what is no longer held cannot be renewed', ['clock'], async (scene) => {
      await scene.admit()
      const late = await scene.leaseOne()
      await scene.outlive()
      assert.deepEqual(await scene.ledger.renew([late, { ref: 999_999, fence: 1 }], 60_000), [false, false])

      const current = await scene.leaseOne()
      assert.deepEqual(await scene.ledger.renew([late, current], 60_000), [false, true])
    }),
  ]
}
