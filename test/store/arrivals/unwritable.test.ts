import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { openSqlite } from '../../../src/store/sqlite.ts'
import { event, ledgerPath } from './setup.ts'

test('whoever waits for what became of events is told when the ledger cannot be written; they are safe, and a repeat when they come again', async (t) => {
  const { store, lock } = await opened(t)
  const taken = event('evt_taken')
  const admitted = event('evt_admitted')

  const unlock = lock()
  const receipt = await store.ledger.accept!([taken])
  await assert.rejects(store.ledger.admit([admitted]), { code: 'store_failed' })
  const refused = event('evt_refused')
  await assert.rejects(store.ledger.admit([refused]), { code: 'store_failed' })
  unlock()

  assert.deepEqual(await receipt.admitted, ['new'], 'who was told that it is recorded still hears what it was')
  assert.deepEqual(await store.ledger.admit([admitted, taken, refused]), ['repeat', 'repeat', 'new'])
  const { data } = await store.ledger.find({ limit: 10 })
  assert.deepEqual(
    data.map(({ id }) => id),
    ['evt_refused', 'evt_admitted', 'evt_taken'],
  )
})

test('one event that cannot be taken in is refused, and who brought it hears what became of the others', async (t) => {
  const { store } = await opened(t)

  const admitted = await store.ledger.admit([
    event('evt_1'),
    event('evt_bad', { customer: {} as never }),
    event('evt_2'),
  ])

  assert.deepEqual(admitted, ['new', 'refused', 'new'])
})

/** A ledger with its writer in a thread, and somebody else who can keep it from writing. */
async function opened(t: TestContext) {
  const path = ledgerPath(t)
  const store = await openSqlite({ path })
  const other = new DatabaseSync(path)
  t.after(async () => {
    other.close()
    await store.close()
  })
  return {
    store,
    lock() {
      other.exec('begin immediate')
      return () => other.exec('rollback')
    },
  }
}
