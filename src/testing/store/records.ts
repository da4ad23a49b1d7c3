import assert from 'node:assert/strict'
import type { Control } from '../../store/store.ts'
import { promised, retry } from '../scene.ts'

const wish = { kind: 'pause', target: { types: ['invoice.*'] }, by: 'operator', why: 'a trial' } as const

/** Controls, the journal, retention and the copy: what lies beside the ledger. */
export const records = [
  promised('a control lives until it expires', ['clock'], async (scene) => {
    const { controls } = scene.store
    const at = scene.clock.now()
    const control: Control = await controls.put({ ...wish, id: 'c1', ttlMs: 10_000 })

    assert.deepEqual(control, { ...wish, id: 'c1', at, expiresAt: at + 10_000 })
    assert.deepEqual(await controls.live(), [control])
    await scene.clock.advance(9_999)
    assert.equal((await controls.live()).length, 1)
    await scene.clock.advance(1)
    assert.deepEqual(await controls.live(), [])
    assert.equal(await controls.lift('c1'), false)
  }),

  promised('a control that is lifted is gone; one that is put again is renewed', [], async (scene) => {
    const { controls } = scene.store
    await controls.put({ ...wish, id: 'c1', ttlMs: 60_000 })
    await controls.put({ ...wish, id: 'c1', why: 'longer', ttlMs: 120_000 })
    await controls.put({ ...wish, id: 'c2', kind: 'reroute', target: { destination: 'b' }, ttlMs: 60_000 })

    assert.deepEqual(
      (await controls.live()).map(({ id, why }) => `${id} ${why}`),
      ['c1 longer', 'c2 a trial'],
    )
    assert.equal(await controls.lift('c1'), true)
    assert.equal(await controls.lift('c1'), false)
    assert.deepEqual(
      (await controls.live()).map(({ id }) => id),
      ['c2'],
    )
  }),

  promised('controls survive a crash', ['crash'], async (scene) => {
    const control = await scene.store.controls.put({ ...wish, id: 'c1', ttlMs: 600_000 })
    await scene.reopen('crash')

    assert.deepEqual(await scene.store.controls.live(), [control])
  }),

  promised(
    'the journal keeps every entry, numbered and sealed, newest first, over a crash',
    ['crash'],
    async (scene) => {
      const entry = {
        by: 'operator',
        action: 'pause',
        verdict: 'applied',
        why: 'a trial',
        data: { types: ['invoice.*'], n: 1 },
      }
      const written = []
      for (let n = 0; n < 5; n++) written.push(await scene.store.journal.write({ ...entry, why: `trial ${n}` }))
      await scene.reopen('crash')
      written.push(await scene.store.journal.write(entry))

      assert.deepEqual(
        written.map(({ n }) => n),
        [1, 2, 3, 4, 5, 6],
      )
      const first = await scene.store.journal.page(null, 4)
      const second = await scene.store.journal.page(first.next, 4)
      assert.deepEqual([...first.data, ...second.data], written.toReversed())
      assert.equal(second.next, null)
      assert.equal(new Set(written.map(({ hash }) => hash)).size, 6)
    },
  ),

  promised('a journal that nobody touched verifies', [], async (scene) => {
    assert.equal(await scene.store.journal.verify(), null)
    for (let n = 0; n < 3; n++) {
      await scene.store.journal.write({
        by: 'operator',
        action: 'pause',
        verdict: 'applied',
        why: '"quoted" ä',
        data: { n },
      })
    }
    assert.equal(await scene.store.journal.verify(), null)
    await scene.reopen('clean')
    assert.equal(await scene.store.journal.verify(), null)
  }),

  promised(
    'retention takes what is done and old, and leaves what is open or dead, whatever its age',
    ['clock'],
    async (scene) => {
      const done = await scene.admit({ object: 'in_1', customer: 'cus_1' })
      await scene.work()
      const open = await scene.admit({ as: 'hold' })
      const dying = await scene.admit()
      await scene.work({ kind: 'dead', reason: 'exhausted', error: null })
      const recorded = await scene.admit({ as: 'record' })

      await scene.clock.advance(200 * 86_400_000)

      assert.deepEqual((await scene.found({})).toSorted(), [open.id, dying.id].toSorted())
      for (const query of [{ id: done.id }, { object: 'in_1' }, { customer: 'cus_1' }, { id: recorded.id }]) {
        assert.deepEqual(await scene.found(query), [])
      }
      await scene.move(dying, 'reopen')
      await scene.move(open, 'release')
      assert.equal((await scene.lease()).length, 2)
    },
  ),

  promised('what came after a dead letter of the same object is kept as long as it', ['clock'], async (scene) => {
    const letter = await scene.admit({ object: 'in_1' })
    await scene.work({ kind: 'dead', reason: 'exhausted', error: null })
    const later = await scene.admit({ object: 'in_1' })
    await scene.work()

    await scene.clock.advance(200 * 86_400_000)
    assert.deepEqual(await scene.found({ object: 'in_1' }), [later.id, letter.id])

    await scene.move(letter, 'discard')
    await scene.clock.advance(200 * 86_400_000)
    assert.deepEqual(await scene.found({}), [])
  }),

  promised('a closed store says so', [], async (scene) => {
    await scene.admit()
    const { store } = scene
    await scene.reopen('clean')

    await assert.rejects(store.ledger.admit([scene.event()]), { code: 'store_closed' })
    await assert.rejects(store.ledger.backlog(), { code: 'store_closed' })
  }),

  promised('a lease that waits when the store closes is over', [], async (scene) => {
    const pending = scene.lease({ waitMs: 600_000 }).catch(({ code }: { code: string }) => code)
    await scene.ledger.backlog()
    await scene.reopen('clean')

    const answer = await pending
    assert.ok(answer === 'store_closed' || answer.length === 0)
  }),

  promised('what was asked before the close is answered and kept', [], async (scene) => {
    const event = scene.event()
    const admitted = scene.ledger.admit([event])
    await scene.reopen('clean')

    assert.deepEqual(await admitted, ['new'])
    assert.equal(await scene.state(event), 'waiting')
    await scene.work(retry())
  }),
]
