import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Ref, Store } from '../../src/store/store.ts'
import type { Opened } from '../../src/testing/harness.ts'
import { DONE, retry, Scene, STRICT } from '../../src/testing/scene.ts'
import { local } from '../conformance/sqlite.ts'

test('whoever waits for a lease is told when the commit that would have brought it fails', async (t) => {
  const { scene, breakDisk, mendDisk } = await opened(t)
  const event = await scene.admit()
  await scene.work(retry(5_000))
  await breakDisk()
  const pending = scene.lease({ waitMs: 60_000 }).catch(({ code }: { code: string }) => code)
  await scene.ledger.find({ limit: 1 })

  await scene.clock.advance(5_000)

  assert.equal(await pending, 'store_failed')
  await mendDisk()
  assert.deepEqual(await scene.leasedIds(), [event.id])
})

test('when a commit fails nothing of it happened, and what came before it stands', async (t) => {
  const { scene, breakDisk, mendDisk } = await opened(t)
  const kept = await scene.admit()
  const work = await scene.leaseOne()
  await breakDisk()
  await scene.clock.advance(1_000)

  const lost = scene.event()
  await assert.rejects(scene.ledger.admit([lost]), { code: 'store_failed' })
  await assert.rejects(scene.settle(work), { code: 'store_failed' })

  await mendDisk()
  assert.deepEqual(await scene.found({ id: lost.id }), [])
  assert.equal(await scene.state(kept), 'running')
  assert.equal(await scene.settle(work), 'settled')
  assert.deepEqual(await scene.ledger.admit([kept, lost]), ['repeat', 'new'])
})

test('holds, leases and lost events outlive a commit that failed', async (t) => {
  const { scene, breakDisk, mendDisk } = await opened(t)
  await scene.admit({ type: 'invoice.paid' })
  const charge = await scene.admit({ type: 'charge.failed' })
  await scene.ledger.hold([{ why: 'pause:1', types: ['invoice.paid'] }])
  const work = await scene.leaseOne()
  assert.equal(work.event.id, charge.id)
  await breakDisk()
  await scene.clock.advance(1_000)
  await assert.rejects(scene.admit(), { code: 'store_failed' })
  await mendDisk()

  assert.deepEqual(await scene.lease(), [])
  const { held, running } = await scene.ledger.backlog()
  assert.deepEqual([held, running], [1, 1])
  assert.equal(await scene.settle(work, DONE), 'settled')
})

test('a first attempt of a strict handler that fails after the disk was mended holds its lane, like any other', async (t) => {
  const { scene, breakDisk, mendDisk } = await opened(t)
  const [first] = await scene.admitLane(2)
  const work = await scene.leaseOne(STRICT)
  assert.equal(work.event.id, first!.id)
  await breakDisk()
  await scene.clock.advance(1_000)
  await assert.rejects(scene.admit(), { code: 'store_failed' })
  await mendDisk()

  assert.equal(await scene.settle(work, retry(60_000)), 'settled')

  assert.deepEqual(await scene.lease(STRICT), [])
  await scene.clock.advance(60_000)
  assert.deepEqual(await scene.leasedIds(STRICT), [first!.id])
})

test('a move that fails in a later round says so, and what moved before stands', async (t) => {
  const { scene, db } = await opened(t)
  await scene.admitLane(250)
  const refs = (await scene.ledger.find({ limit: 250 })).data.map(({ ref }) => ref)
  const discard = (some: readonly Ref[]) =>
    scene.ledger.move({ refs: some }, { kind: 'discard' }, { by: 'operator', why: 'a test' })
  db.exec(`create temp trigger full before insert on main.hookkeeper_log
    when new.seq = ${refs.at(-1)} begin select raise(abort, 'no disk'); end`)

  const moves = [refs, refs.slice(0, 10)].map((some) => discard(some).catch(({ code }) => code))

  assert.deepEqual(await Promise.all(moves), ['store_failed', 'store_failed'])
  db.exec('drop trigger full')
  await scene.clock.advance(500)
  assert.equal(await discard(refs), 50)
})

test('a second store on the same file is refused in one sentence', async (t) => {
  const clock = new VirtualClock()
  const { path } = await opened(t)

  await assert.rejects(openSqlite({ path, thread: false, clock }), { code: 'ledger_twice' })
})

/**
 * A store whose disk fails where its rounds end: a trigger refuses what the projection writes, which is the last thing that a
 * round does when nothing was asked for a while.
 */
async function opened(t: TestContext) {
  const opened: Opened = await local.open()
  t.after(() => opened.close())
  const scene = new Scene(opened)
  const db = await connectionOf(scene)
  return {
    scene,
    db,
    path: String(db.prepare('pragma database_list').get()!['file']),
    async breakDisk() {
      // What has not been filed yet has to be there to be refused.
      db.exec(
        "create temp trigger broken before update on main.hookkeeper_events begin select raise(abort, 'no disk'); end",
      )
    },
    async mendDisk() {
      db.exec('drop trigger broken')
      // The writer looks whether it can write again every half second.
      await opened.clock.advance(500)
    },
  }
}

/** The writer's own connection, as a handler's transaction gets it in this thread. */
async function connectionOf(scene: Scene) {
  await scene.admit()
  const work = await scene.leaseOne()
  type Connection = Parameters<Parameters<NonNullable<Store['transact']>>[2]>[0]
  let db: Connection | null = null
  await scene.store.transact!(work, { name: 'one', last: true }, (own) => {
    db = own
  })
  await scene.clock.advance(1_000)
  return db as unknown as Connection
}
