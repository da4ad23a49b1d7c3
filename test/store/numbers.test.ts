import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { VirtualClock } from '../../src/core/clock.ts'
import { DONE, dead, Scene } from '../../src/testing/scene.ts'
import { local } from '../conformance/sqlite.ts'

const DAYS = 86_400_000

test('what is worked after retention emptied the ledger is still done after a crash', async (t) => {
  const scene = await emptied(t)
  const event = await scene.admit()
  const work = await scene.leaseOne()
  await scene.ledger.remember(work, 'once:mail', 'sent')
  assert.equal(await scene.settle(work), 'settled')
  const other = await scene.admit()
  await scene.ledger.remember(await scene.leaseOne(), 'once:mail', 'sent')

  await scene.reopen('crash')

  assert.equal(await scene.state(event), 'done worked')
  const again = await scene.leaseOne()
  assert.deepEqual([again.event.id, again.remembered], [other.id, { 'once:mail': 'sent' }])
})

test('the same once the empty ledger was closed and opened again', async (t) => {
  const scene = await emptied(t)
  await scene.reopen('clean')
  const event = await scene.admit()
  await scene.work(DONE)

  await scene.reopen('crash')

  assert.equal(await scene.state(event), 'done worked')
})

test("a handler's transaction after retention emptied the ledger counts after a crash", async (t) => {
  const scene = await emptied(t)
  const event = await scene.admit()
  const work = await scene.leaseOne()
  for (const name of ['one', 'two'])
    await scene.store.transact!(work, { name, last: name === 'two' }, (db) => void db.exec('select 1'))

  await scene.reopen('crash')

  assert.equal(await scene.state(event), 'done worked')
  const { timeline } = (await scene.ledger.open((await scene.entry(event)).ref))!
  assert.equal(timeline.length, 1)
})

test('whoever follows the changes hears of all that happens after retention emptied the ledger, also across a crash', async (t) => {
  let cursor = ''
  const scene = await emptied(t, async ({ ledger }) => {
    cursor = (await ledger.changes(null, 100)).next
  })
  await scene.reopen('crash')
  const event = await scene.admit()
  await scene.work(DONE)

  const { data } = await scene.ledger.changes(cursor, 100)

  assert.deepEqual(
    data.map(({ id, kind }) => `${id} ${kind}`),
    ['admitted', 'leased', 'done'].map((kind) => `${event.id} ${kind}`),
  )
})

test('no event gets the ref of one that retention deleted', async (t) => {
  let last = 0
  const scene = await emptied(t, async ({ ledger }) => {
    last = (await ledger.find({ limit: 1 })).data[0]!.ref
  })
  await scene.reopen('clean')

  const { ref } = await scene.entry(await scene.admit())

  assert.ok(ref > last, `${ref} comes after ${last}`)
})

test("a lease of the very round in which a handler's transaction begins is not in its way", async (t) => {
  const opened = await local.open()
  t.after(() => opened.close())
  const scene = new Scene(opened)
  const [first, second] = [await scene.admit(), await scene.admit()]
  const work = await scene.leaseOne()

  const lease = scene.lease()
  await scene.store.transact!(work, { name: 'one', last: true }, (db) => void db.exec('select 1'))

  assert.deepEqual(
    (await lease).map(({ event }) => event.id),
    [second.id],
  )
  assert.deepEqual([await scene.state(first), await scene.state(second)], ['done worked', 'running'])
})

/** A ledger whose rows are all past their time and gone; `before` looks at it while they are there. */
async function emptied(t: TestContext, before?: (scene: Scene) => Promise<void>) {
  const opened = await local.open()
  t.after(() => opened.close())
  const scene = new Scene(opened)
  const clock = opened.clock as VirtualClock
  const event = await scene.admit()
  await scene.work(dead())
  // What is dead stays, however old; worked in the end it is the newest that happened.
  await clock.leap(91 * DAYS)
  await scene.move(event, 'reopen')
  await scene.work(DONE)
  await clock.advance(1000)
  await before?.(scene)
  await clock.leap(3_600_000)
  assert.deepEqual(await scene.found({}), [], 'retention took it')
  return scene
}
