import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { connect } from '../../src/store/sqlite/connection.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { DONE, Scene } from '../../src/testing/scene.ts'

const DAYS = 86_400_000

test('a pass over what is past its time leaves the rest to the next, so that nobody waits long for a commit', async (t) => {
  const { scene, clock, rows } = await opened(t)
  for (let event = 0; event < 50; event++) await scene.admit()
  for (let event = 0; event < 50; event++) await scene.work(DONE)
  // The tables are brought up to date where nothing else is to be done.
  await clock.advance(10_000)
  assert.equal(rows(), 50)

  clock.slow = true
  await clock.leap(91 * DAYS)

  const left = rows()
  assert.ok(left > 0 && left < 50, `${left} of 50 are left after the first pass`)
  for (let passes = 0; rows() > 0 && passes < 50; passes++) await clock.advance(1_000)
  assert.equal(rows(), 0)
})

test('what is only looked at, by a replay without a body or by a late worker, is deleted in its time like all else', async (t) => {
  const { scene, clock, rows } = await opened(t)
  const events = [await scene.admit(), await scene.admit()]
  const works = [await scene.work(DONE), await scene.work(DONE)]
  await clock.advance(1_000)
  // Past the time of bodies, and not of events.
  await clock.leap(51 * DAYS)

  for (const event of events) assert.equal(await scene.move(event, 'reopen'), 0)
  for (const { ref, fence } of works) {
    const late = { ref, fence: fence + 1 }
    assert.equal(await scene.settle(late), 'stale')
    assert.deepEqual(await scene.ledger.renew([late], 1_000), [false])
    assert.equal(await scene.ledger.remember(late, 'once:mail', 'sent'), false)
    await scene.ledger.giveBack([late], 0)
    await assert.rejects(
      scene.store.transact!(late, { name: 'one', last: true }, () => {}),
      { code: 'stale_lease' },
    )
  }

  await clock.leap(51 * DAYS)
  await clock.advance(1_000)
  assert.equal(rows(), 0)
})

test('an event that sleeps past its time before it was filed is filed and then deleted, and leaves nothing behind', async (t) => {
  const { scene, clock, rows } = await opened(t)
  // Right after another one nothing is filed at once.
  for (const n of [1, 2]) await scene.admit({ as: 'record', object: `in_${n}`, customer: `cus_${n}` })

  await clock.leap(91 * DAYS)
  await clock.advance(1_000)
  await clock.leap(51 * DAYS)
  await clock.advance(1_000)

  const left = ['events', 'seen', 'keys', 'objects', 'bodies', 'log'].map((table) => [table, rows(table)])
  assert.deepEqual(
    left.filter(([, count]) => count !== 0),
    [],
  )
})

/** Once slow, each look at it takes a millisecond: what is done in between takes its time. */
class Slow extends VirtualClock {
  slow = false
  #late = 0

  override now(): number {
    if (this.slow) this.#late++
    return super.now() + this.#late
  }
}

async function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'retention-'))
  const path = join(dir, 'ledger.db')
  const clock = new Slow()
  const retention = { bodyDays: 30, eventDays: 90, everyMs: 50 * DAYS }
  const store = await openSqlite({ path, thread: false, clock, retention })
  const db = connect(path, { checkpoints: false, syncs: 'apart' })
  t.after(async () => {
    await store.close()
    db.close()
    rmSync(dir, { recursive: true })
  })
  const reopen = async () => store
  const scene = new Scene({ store, clock, reopen, close: async () => {} })
  return {
    clock,
    scene,
    rows: (table = 'events') => Number(db.prepare(`select count(*) as rows from hookkeeper_${table}`).get()!['rows']),
  }
}
