import assert from 'node:assert/strict'
import { DONE, dead, promised, retry } from '../scene.ts'

/** What operators do: reopen, discard, quarantine, record, hold, release. */
export const moving = [
  promised('a dead event that is reopened starts its attempts anew', [], async (scene) => {
    const event = await scene.admit()
    await scene.work(retry())
    await scene.work(dead('exhausted'))

    assert.equal(await scene.move(event, 'reopen'), 1)

    assert.deepEqual([await scene.state(event), (await scene.entry(event)).attempts], ['waiting', 0])
    assert.equal((await scene.ledger.backlog()).dead, 0)
    assert.equal((await scene.leaseOne()).attempt, 1)
  }),

  promised('a done event that is reopened is worked again', [], async (scene) => {
    const event = await scene.admit()
    const late = await scene.work()

    assert.equal(await scene.move(event, 'reopen', 'handlers'), 1)

    assert.equal((await scene.entry(event)).doneAt, null)
    assert.equal(await scene.settle(late), 'stale')
    const work = await scene.leaseOne()
    assert.ok(work.fence > late.fence)
    assert.equal(await scene.settle(work), 'settled')
  }),

  promised('nobody of the life before settles a reopened event', [], async (scene) => {
    const event = await scene.admit()
    const late = await scene.work(dead())
    await scene.move(event, 'reopen')
    const current = await scene.leaseOne()

    assert.equal(await scene.settle(late), 'stale')
    assert.equal(await scene.ledger.remember(late, 'k', 1), false)
    assert.equal(await scene.state(event), 'running')
    assert.equal(await scene.settle(current), 'settled')
  }),

  promised('no move touches what runs', [], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()

    for (const kind of ['reopen', 'discard', 'quarantine', 'record', 'hold', 'release'] as const) {
      assert.equal(await scene.move(event, kind), 0, kind)
    }
    assert.equal(await scene.state(event), 'running')
    assert.equal(await scene.settle(work), 'settled')
  }),

  promised(
    'waiting and dead events can be discarded, recorded or quarantined; they are not worked',
    [],
    async (scene) => {
      const expected = { discard: 'done discarded', record: 'done recorded', quarantine: 'dead quarantined' } as const
      for (const [kind, state] of Object.entries(expected)) {
        const event = await scene.admit()
        assert.equal(await scene.move(event, kind as 'discard'), 1)
        assert.equal(await scene.state(event), state)
      }
      const dying = await scene.admit()
      await scene.work(dead())
      assert.equal(await scene.move(dying, 'discard'), 1)
      assert.equal(await scene.state(dying), 'done discarded')

      assert.deepEqual(await scene.lease(), [])
      const { dead: count, ready, scheduled } = await scene.ledger.backlog()
      assert.deepEqual({ count, ready, scheduled }, { count: 1, ready: 0, scheduled: 0 })
    },
  ),

  promised('what waits for a retry can be discarded, and what is quarantined reopened', ['clock'], async (scene) => {
    const failing = await scene.admit()
    await scene.work(retry(1_000))
    await scene.move(failing, 'discard')
    const poison = await scene.admit()
    await scene.move(poison, 'quarantine')
    await scene.clock.advance(2_000)
    assert.deepEqual(await scene.lease(), [])

    await scene.move(poison, 'reopen')
    assert.deepEqual(await scene.leasedIds(), [poison.id])
  }),

  promised('a done event is not discarded, recorded, quarantined, held or released', [], async (scene) => {
    const event = await scene.admit()
    await scene.work()

    for (const kind of ['discard', 'quarantine', 'record', 'hold', 'release'] as const) {
      assert.equal(await scene.move(event, kind), 0, kind)
    }
    assert.equal(await scene.state(event), 'done worked')
  }),

  promised('a single event is held until it is released, also over a crash', ['crash'], async (scene) => {
    const event = await scene.admit()
    assert.equal(await scene.move(event, 'hold'), 1)
    assert.equal(await scene.move(event, 'hold'), 0)

    await scene.reopen('crash')
    assert.deepEqual(await scene.lease(), [])
    assert.notEqual((await scene.entry(event)).held, null)

    assert.equal(await scene.move(event, 'release'), 1)
    await scene.reopen('crash')
    assert.deepEqual(await scene.leasedIds(), [event.id])
  }),
  ...selecting(),
]

/** Which rows move, and what is kept of it. */
function selecting() {
  return [
    promised('a query moves what fits it, newest first, at most as many as its limit', [], async (scene) => {
      const events = [await scene.admit(), await scene.admit(), await scene.admit()]
      const other = await scene.admit({ type: 'charge.failed' })

      const moved = await scene.move({ query: { type: 'invoice.paid', state: 'waiting' }, limit: 2 }, 'discard')

      assert.equal(moved, 2)
      const states = await Promise.all([...events, other].map((event) => scene.state(event)))
      assert.deepEqual(states, ['waiting', 'done discarded', 'done discarded', 'waiting'])
    }),

    promised('many move at once, each of them once', [], async (scene) => {
      await scene.ledger.admit(Array.from({ length: 1_000 }, () => scene.event()))

      assert.equal(await scene.move({ query: { state: 'waiting' }, limit: 100_000 }, 'quarantine'), 1_000)
      assert.equal((await scene.ledger.backlog()).dead, 1_000)
      assert.equal(await scene.move({ query: { state: 'dead' }, limit: 100_000 }, 'reopen'), 1_000)
      assert.equal((await scene.ledger.backlog()).ready, 1_000)
    }),

    promised('a move of many goes on while others look', [], async (scene) => {
      await scene.ledger.admit(Array.from({ length: 1_000 }, () => scene.event()))
      let moved = 0
      const moving = scene
        .move({ query: { state: 'waiting' }, limit: 1_000 }, 'discard')
        .then((count) => (moved = count))

      // Far more turns than the move and its sync need: it may not wait for somebody to write.
      for (let looks = 0; looks < 10_000 && moved === 0; looks++) await scene.found({ limit: 1 })

      assert.equal(moved, 1_000)
      await moving
    }),

    promised('to move what is not there moves nothing', [], async (scene) => {
      assert.equal(await scene.move({ refs: [999_999] }, 'discard'), 0)
      assert.equal(await scene.move({ refs: [] }, 'discard'), 0)
      assert.equal(await scene.move({ query: { type: 'never.seen' }, limit: 10 }, 'discard'), 0)
    }),

    promised('a move stands in the timeline with who did it and why', [], async (scene) => {
      const event = await scene.admit()
      await scene.work(DONE)
      await scene.move(event, 'reopen', 'handlers')

      const story = await scene.ledger.open((await scene.entry(event)).ref)
      const move = story!.timeline.at(-1)!
      assert.ok(move.kind === 'move')
      assert.deepEqual([move.to, move.by, move.why], ['reopen', 'operator', 'a trial'])
    }),
  ]
}
