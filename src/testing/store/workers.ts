import assert from 'node:assert/strict'
import { handler, promised } from '../scene.ts'

const HANDLES = [{ pattern: 'invoice.*', name: 'books' }]
const beat = (name: string, ttlMs = 10_000) => ({ name, release: 'r1', handles: HANDLES, ttlMs })

/** Who works on the ledger, and what it means to whom leases. */
export const rolling = [
  promised(
    'who beats hears of all that live, with their handlers, and of when they began',
    ['clock'],
    async (scene) => {
      const startedAt = scene.clock.now()
      await scene.store.workers.beat(beat('a'))
      await scene.clock.advance(1_000)
      await scene.store.workers.beat(beat('b'))
      const live = await scene.store.workers.beat(beat('a'))

      const expected = { release: 'r1', handles: HANDLES }
      assert.deepEqual(
        live.toSorted((one, other) => one.name.localeCompare(other.name)),
        [
          { ...expected, name: 'a', startedAt },
          { ...expected, name: 'b', startedAt: startedAt + 1_000 },
        ],
      )
    },
  ),

  promised('who is silent for its time, or leaves, is not heard of any more', ['clock'], async (scene) => {
    await scene.store.workers.beat(beat('silent', 1_000))
    await scene.store.workers.beat(beat('leaving'))
    await scene.clock.advance(1_001)
    await scene.store.workers.leave('leaving')
    await scene.store.workers.leave('unknown')

    const live = await scene.store.workers.beat(beat('a'))

    assert.deepEqual(
      live.map(({ name }) => name),
      ['a'],
    )
  }),

  promised(
    'a type that nobody handles is left alone by whoever asks for that, and leased by others',
    [],
    async (scene) => {
      const event = await scene.admit({ type: 'charge.failed' })
      const handles = [handler({ pattern: 'invoice.*' })]

      assert.deepEqual(await scene.lease({ handles, unhandled: false }), [])
      assert.deepEqual(await scene.leasedIds({ handles }), [event.id])
    },
  ),
]
