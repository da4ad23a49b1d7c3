import assert from 'node:assert/strict'
import { DONE, dead, promised, retry } from '../scene.ts'

/** What handlers remember of an event from one attempt to the next. */
export const remembering = [
  promised('what is remembered is there at the next attempt', [], async (scene) => {
    await scene.admit()
    const work = await scene.leaseOne()
    assert.equal(await scene.ledger.remember(work, 'once:one/charge', { id: 'ch_1', list: [1, null] }), true)
    await scene.settle(work, retry())

    assert.deepEqual((await scene.leaseOne()).remembered, { 'once:one/charge': { id: 'ch_1', list: [1, null] } })
  }),

  promised('a key remembered again has the last value', [], async (scene) => {
    await scene.admit()
    const work = await scene.leaseOne()
    await scene.ledger.remember(work, 'k', 1)
    await scene.ledger.remember(work, 'k', 2)
    await scene.settle(work, retry())

    assert.deepEqual((await scene.leaseOne()).remembered, { k: 2 })
  }),

  promised('handlers that returned are remembered by name, attempt after attempt', [], async (scene) => {
    await scene.admit()
    await scene.settle(await scene.leaseOne(), retry(), ['first'])
    await scene.settle(await scene.leaseOne(), retry(), ['third'])

    assert.deepEqual((await scene.leaseOne()).remembered, { 'handler:first': true, 'handler:third': true })
  }),

  promised('whoever lost the lease cannot remember', ['clock'], async (scene) => {
    await scene.admit()
    const late = await scene.leaseOne()
    await scene.outlive()
    assert.equal(await scene.ledger.remember(late, 'k', 1), false)

    const current = await scene.leaseOne()
    assert.equal(await scene.ledger.remember(late, 'k', 1), false)
    assert.deepEqual(current.remembered, {})
  }),

  promised('what is remembered survives a crash, in an attempt that never ended too', ['crash'], async (scene) => {
    await scene.admit()
    await scene.settle(await scene.leaseOne(), retry(), ['first'])
    await scene.ledger.remember(await scene.leaseOne(), 'k', 1)

    await scene.reopen('crash')
    assert.deepEqual((await scene.leaseOne()).remembered, { 'handler:first': true, k: 1 })
    await scene.reopen('clean')
    assert.deepEqual((await scene.leaseOne()).remembered, { 'handler:first': true, k: 1 })
  }),

  promised('one event does not remember for another', [], async (scene) => {
    await scene.admit()
    await scene.admit()
    const [a, b] = await scene.lease()
    await scene.ledger.remember(a!, 'k', 1)
    await scene.settle(b!, retry())

    assert.deepEqual((await scene.leaseOne()).remembered, {})
  }),

  promised('a dead event that is reopened keeps its memory: handlers that returned stay done', [], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()
    await scene.ledger.remember(work, 'once:one/x', 1)
    await scene.settle(work, dead(), ['first'])
    await scene.move(event, 'reopen', 'nothing')

    assert.deepEqual((await scene.leaseOne()).remembered, { 'handler:first': true, 'once:one/x': 1 })
  }),

  promised('reopened with its handlers forgotten, an event keeps what once remembers', [], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()
    await scene.ledger.remember(work, 'once:one/x', 1)
    await scene.settle(work, retry(), ['first'])
    await scene.work(DONE)
    await scene.move(event, 'reopen', 'handlers')

    assert.deepEqual((await scene.leaseOne()).remembered, { 'once:one/x': 1 })
  }),

  promised(
    'reopened with all forgotten, an event remembers nothing, after a crash neither',
    ['crash'],
    async (scene) => {
      const event = await scene.admit()
      const work = await scene.leaseOne()
      await scene.ledger.remember(work, 'once:one/x', 1)
      await scene.settle(work, dead(), ['first'])
      await scene.move(event, 'reopen', 'all')
      await scene.reopen('crash')
      assert.deepEqual((await scene.leaseOne()).remembered, {})

      await scene.reopen('clean')
      assert.deepEqual((await scene.leaseOne()).remembered, {})
    },
  ),
]
