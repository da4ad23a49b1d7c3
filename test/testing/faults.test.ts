import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import type { Store } from '../../src/store/store.ts'
import { forEachFault, nthFails, someFail, withFaults } from '../../src/testing/faults.ts'
import { DONE, handler, Scene } from '../../src/testing/scene.ts'
import { local } from '../conformance/sqlite.ts'

test('a lost request did nothing, a lost answer did everything, and only the call that was named fails', async () => {
  const opened = await local.open()
  const scene = new Scene(opened)

  for (const [fault, state] of [
    ['lost request', 0],
    ['lost answer', 1],
  ] as const) {
    const store = withFaults(opened.store, nthFails(2, fault))
    const event = scene.event()
    await store.ledger.backlog()
    await assert.rejects(store.ledger.admit([event]), { code: 'store_failed' })
    assert.equal((await store.ledger.find({ id: event.id, limit: 1 })).data.length, state)
  }
  await opened.close()
})

test('the same seed makes the same calls fail', () => {
  const faults = (seed: number) => {
    const plan = someFail(0.3, seeded(seed))
    return Array.from({ length: 100 }, (_, n) => plan({ n, name: 'admit' }))
  }

  assert.deepEqual(faults(7), faults(7))
  assert.notDeepEqual(faults(7), faults(8))
  assert.deepEqual(new Set(faults(7)), new Set([null, 'lost request', 'lost answer']))
})

test('whichever call fails, an event that is tried until it is done has its effect once', async () => {
  const calls = await forEachFault(async (wrap) => {
    const opened = await local.open()
    const scene = new Scene(opened)
    const event = scene.event()
    const store = wrap(opened.store)
    await insisting(() => store.ledger.admit([event]))
    for (let n = 0; n < 20 && (await scene.state(event)) !== 'done worked'; n++)
      await attempt(store).catch(() => opened.clock.advance(60_000))

    assert.equal(await scene.state(event), 'done worked')
    assert.equal(await effects(scene), 1)
    await opened.close()
  })

  assert.ok(calls >= 4)
})

test('a fault that breaks a trial is named', async () => {
  const trial = forEachFault(async (wrap) => {
    const opened = await local.open()
    const { ledger } = wrap(opened.store)
    try {
      await ledger.backlog()
      await ledger.changes(null, 1)
    } finally {
      await opened.close()
    }
  })

  await assert.rejects(trial, /call 1 \(backlog\), lost request/)
})

/** One lease and one attempt of the event that it brings: an effect in a transaction, then the settle. */
async function attempt(store: Store): Promise<void> {
  const want = { max: 1, waitMs: 0, worker: 'w', release: 'r', handles: [handler()] }
  const [work] = await store.ledger.lease(want)
  if (!work) throw new Error('nothing was leased')
  await store.transact!(work, { name: 'one', last: true }, (db) => {
    db.exec('create table if not exists effects (n integer primary key); insert into effects default values')
  })
  await store.ledger.settle([{ work, outcome: DONE, returned: ['one'] }])
}

async function insisting<V>(call: () => Promise<V>): Promise<V> {
  return call().catch(() => call())
}

async function effects(scene: Scene): Promise<number> {
  await scene.admit()
  const work = await scene.leaseOne()
  return scene.store.transact!(work, { name: 'looking', last: true }, (db) =>
    Number(db.prepare('select count(*) as n from effects').get()!['n']),
  )
}
