import assert from 'node:assert/strict'
import type { DatabaseSync } from 'node:sqlite'
import type { Work } from '../../store/store.ts'
import type { Scene } from '../scene.ts'
import { DONE, dead, promised, retry } from '../scene.ts'

/** A handler's writes and its memory in one transaction: exactly once in effect. */
export const transacting = [
  promised('with the last handler, its writes and done commit together', ['transact'], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()

    assert.equal(await effect(scene, work, { last: true }), 1)

    assert.equal(await scene.state(event), 'done worked')
    assert.equal((await scene.ledger.backlog()).running, 0)
    assert.equal(await scene.settle(work), 'already')
    assert.deepEqual(await scene.lease(), [])
  }),

  promised('before the last handler, its writes and its memory commit together', ['transact'], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()
    await effect(scene, work, { last: false })

    assert.equal(await scene.state(event), 'running')
    await scene.settle(work, retry())
    assert.deepEqual((await scene.leaseOne()).remembered, { 'handler:one': true })
  }),

  promised(
    'what commits survives a crash with its effect, and what does not leaves neither',
    ['transact', 'crash'],
    async (scene) => {
      const done = await scene.admit()
      await effect(scene, await scene.leaseOne(), { last: true })
      const half = await scene.admit()
      await effect(scene, await scene.leaseOne(), { last: false })

      await scene.reopen('crash')

      assert.deepEqual([await scene.state(done), await scene.state(half)], ['done worked', 'waiting'])
      const work = await scene.leaseOne()
      assert.deepEqual(work.remembered, { 'handler:one': true })
      assert.equal(await effects(scene, work), 2)
    },
  ),

  promised('what throws is rolled back whole, and the event is as it was', ['transact'], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()
    const boom = new Error('boom')

    await assert.rejects(
      scene.store.transact!(work, { name: 'one', last: true }, (db) => {
        count(db)
        throw boom
      }),
      boom,
    )

    assert.equal(await scene.state(event), 'running')
    assert.equal(await effects(scene, work), 0)
  }),

  promised('whoever lost the lease commits nothing', ['transact', 'clock'], async (scene) => {
    const event = await scene.admit()
    const late = await scene.leaseOne()
    await scene.outlive()
    await assert.rejects(effect(scene, late, { last: true }), { code: 'stale_lease' })

    const current = await scene.leaseOne()
    await assert.rejects(effect(scene, late, { last: true }), { code: 'stale_lease' })
    assert.equal(await effects(scene, current), 0)
    assert.equal(await effect(scene, current, { last: true }), 1)
    assert.equal(await scene.state(event), 'done worked')
  }),

  promised('of a settled or a given-back event nothing more is committed', ['transact'], async (scene) => {
    await scene.admit()
    await assert.rejects(effect(scene, await scene.work(dead()), { last: true }), { code: 'stale_lease' })
    await scene.admit()
    const back = await scene.leaseOne()
    await scene.ledger.giveBack([back], 0)
    await assert.rejects(effect(scene, back, { last: true }), { code: 'stale_lease' })
  }),

  promised(
    'a settle or a give-back at the same moment comes before or after, never between',
    ['transact'],
    async (scene) => {
      const ends = [(work: Work) => scene.ledger.giveBack([work], 0), (work: Work) => scene.settle(work, dead())]
      for (const end of ends) {
        for (const first of ['end', 'effect'] as const) {
          const event = await scene.admit()
          const work = await scene.leaseOne()
          const ending = first === 'end' ? end(work) : null
          const committed = effect(scene, work, { last: true }).then(
            () => true,
            () => false,
          )
          await Promise.all([ending ?? end(work), committed])

          const done = (await scene.state(event)) === 'done worked'
          assert.equal(await committed, done, `${first} first`)
          if (!done) await scene.move(event, 'discard')
        }
      }
    },
  ),

  promised('transactions at the same moment share nothing but the commit', ['transact'], async (scene) => {
    const events = await Promise.all([scene.admit(), scene.admit(), scene.admit(), scene.admit()])
    const works = await scene.lease()

    const results = await Promise.allSettled(
      works.map((work, n) => effect(scene, work, { last: true, fails: n % 2 === 1 })),
    )

    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
    )
    const states = await Promise.all(events.map((event) => scene.state(event)))
    assert.deepEqual(states, ['done worked', 'running', 'done worked', 'running'])
    assert.equal(await effects(scene, works[1]!), 2)
  }),
  ...refusals(),
]

/** What a transaction may not do. */
function refusals() {
  return [
    promised('a transaction that returns a promise, or takes too long, is rolled back', ['transact'], async (scene) => {
      await scene.admit()
      const work = await scene.leaseOne()
      const asynchronous = scene.store.transact!(work, { name: 'one', last: true }, async (db) => count(db))
      await assert.rejects(asynchronous, { code: 'transaction_async' })

      assert.equal(await effects(scene, work), 0)
      assert.equal(await scene.settle(work), 'settled')
    }),

    promised('a transaction may neither write to the ledger nor end itself', ['transact'], async (scene) => {
      await scene.admit()
      const work = await scene.leaseOne()
      for (const sql of ['delete from hookkeeper_events', 'commit', 'drop table hookkeeper_log', 'rollback']) {
        const refused = scene.store.transact!(work, { name: 'one', last: true }, (db) => db.exec(sql))
        await assert.rejects(refused, { code: 'transaction_denied' }, sql)
      }

      assert.equal(await scene.settle(work), 'settled')
    }),

    promised('after a transaction the store closes and opens as ever', ['transact'], async (scene) => {
      const event = await scene.admit()
      await effect(scene, await scene.leaseOne(), { last: true })

      await scene.reopen('clean')

      assert.equal(await scene.state(event), 'done worked')
      await scene.admit()
      assert.equal(await effect(scene, await scene.leaseOne(), { last: true }), 2)
      assert.deepEqual(await scene.lease(), [])
      await scene.admit()
      await scene.work(DONE)
    }),
  ]
}

const effect = (
  scene: Scene,
  work: Work,
  { last, fails = false }: { last: boolean; fails?: boolean },
): Promise<number> =>
  scene.store.transact!(work, { name: 'one', last }, (db) => {
    const effects = count(db)
    if (fails) throw new Error('as was to be expected')
    return effects
  })

/** An effect that can be counted: one more row in a table of the user's own. */
function count(db: DatabaseSync): number {
  db.exec('create table if not exists effects (n integer primary key)')
  return Number(db.prepare('insert into effects default values').run().lastInsertRowid)
}

/** How many effects there are, looked up in a transaction that leaves nothing. */
async function effects(scene: Scene, work: Work): Promise<number> {
  let found = -1
  const looked = scene.store.transact!(work, { name: 'looking', last: false }, (db) => {
    db.exec('create table if not exists effects (n integer primary key)')
    found = Number(db.prepare('select count(*) as n from effects').get()!['n'])
    throw new Error('only looking')
  })
  await assert.rejects(looked, { message: 'only looking' })
  return found
}
