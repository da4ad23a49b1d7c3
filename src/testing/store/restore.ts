import assert from 'node:assert/strict'
import { promised, type Scene } from '../scene.ts'

const NOTE = { by: 'start', why: 'a trial' }
const HOUR_MS = 3_600_000

const restored = (scene: Scene, from = scene.clock.now() - HOUR_MS) => scene.ledger.restore(from, NOTE)

/** What was put back from a back-up works nothing without a person's word. */
export const restoring = [
  promised('all that is open in a back-up is held: ready, scheduled and leased', ['crash'], async (scene) => {
    const done = await scene.admit()
    await scene.work()
    const leased = await scene.admit()
    await scene.leaseOne()
    const ready = await scene.admit()
    await scene.reopen('crash')

    const { kind, held } = await restored(scene)

    assert.deepEqual([kind, held], ['restored', 2])
    assert.deepEqual(await scene.lease(), [])
    assert.equal(await scene.state(done), 'done worked')
    for (const event of [leased, ready]) assert.equal((await scene.entry(event)).held, 'restored')
    assert.deepEqual(await scene.ledger.backlog().then(({ held, ready }) => [held, ready]), [2, 0])
  }),

  promised('a lease of the life before is lost, and cannot be settled', [], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()

    await restored(scene)

    assert.equal(await scene.settle(work), 'stale')
    assert.equal((await scene.entry(event)).held, 'restored')
  }),

  promised(
    'what Stripe made before the restore is held when it comes, what it made later is worked',
    [],
    async (scene) => {
      await restored(scene)
      const soon = Math.floor(scene.clock.now() / 1000) * 1000 + 2000
      const old = await scene.admit({ createdAt: soon - HOUR_MS })
      const same = await scene.admit({ createdAt: soon - 2000 })
      const swept = await scene.admit({ createdAt: soon - HOUR_MS, via: 'sweep' })
      const recorded = await scene.admit({ createdAt: soon - HOUR_MS, as: 'record' })
      const later = await scene.admit({ createdAt: soon })

      assert.deepEqual(await scene.leasedIds(), [later.id])
      for (const event of [old, same, swept]) assert.equal((await scene.entry(event)).held, 'restored')
      assert.equal(await scene.state(recorded), 'done recorded')
    },
  ),

  promised('a person releases or records what is held', [], async (scene) => {
    const released = await scene.admit()
    const recorded = await scene.admit()
    await restored(scene)

    await scene.move(released, 'release')
    await scene.move(recorded, 'record')

    assert.deepEqual(await scene.leasedIds(), [released.id])
    assert.equal(await scene.state(recorded), 'done recorded')
  }),

  promised('fences rise with a restore', [], async (scene) => {
    const event = await scene.admit()
    const { fence } = await scene.leaseOne()

    await restored(scene)
    await scene.move(event, 'release')

    assert.ok((await scene.leaseOne()).fence > fence)
  }),

  promised('the same restore again says so, and holds nothing more', [], async (scene) => {
    const from = scene.clock.now() - HOUR_MS
    await scene.admit()
    const first = await restored(scene, from)
    await scene.ledger.move({ query: { held: true }, limit: 10 }, { kind: 'release' }, NOTE)
    await scene.reopen('clean')

    const again = await restored(scene, from)

    assert.deepEqual(again, { ...first, kind: 'already' })
    assert.equal((await scene.ledger.backlog()).held, 0)
    assert.equal((await scene.lease()).length, 1)
  }),

  promised('what is held back stays held back after a restart, and another back-up counts anew', [], async (scene) => {
    const from = scene.clock.now() - HOUR_MS
    await restored(scene, from)
    await scene.reopen('clean')
    const old = await scene.admit({ createdAt: scene.clock.now() - HOUR_MS })
    await scene.move(old, 'release')

    assert.equal((await restored(scene, from - HOUR_MS)).kind, 'restored')
    assert.deepEqual(await scene.lease(), [])
  }),
]
