import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { Lanes } from '../../src/store/lanes.ts'
import { migrateSqlite } from '../../src/store/migrate.ts'
import { createBook } from '../../src/store/sqlite/book.ts'
import { load } from '../../src/store/sqlite/boot.ts'
import { connect } from '../../src/store/sqlite/connection.ts'
import { lease } from '../../src/store/sqlite/lease.ts'
import { handler } from '../../src/testing/scene.ts'
import { eventBody } from '../chaos/delivery.ts'
import { folderFor, here, senderTo } from '../chaos/here.ts'

const PASSES = 20

test('passes of one process work under one name, so that the ledger keeps one', async (t) => {
  const folder = folderFor(t)
  const { cluster, post } = await ingesting(t, folder)

  for (let n = 0; n < PASSES; n++) {
    await post(n)
    assert.equal((await cluster.workFor()).done, 1)
  }

  assert.equal(workersIn(folder), 1)
})

test('passes of one process that run at once have a name each, of which the next ones make use', async (t) => {
  const folder = folderFor(t)
  const { cluster, post, gate } = await ingesting(t, folder)

  for (let n = 0; n < 3; n++) {
    const both = gate(2)
    await Promise.all([post(2 * n), post(2 * n + 1)])
    const passes = [cluster.workFor({ max: 1 }), cluster.workFor({ max: 1 })]
    await both
    for (const passed of passes) assert.equal((await passed).done, 1)
  }

  assert.equal(workersIn(folder), 2)
})

test('a worker that asks and has nothing leaves nothing in memory', () => {
  const db = connect(':memory:', { checkpoints: false, syncs: 'commit' })
  migrateSqlite(db, ':memory:')
  const book = createBook(db, new VirtualClock(), new Lanes())
  load(book, { endLeases: true })
  const handles = [handler()]

  for (let n = 0; n < 100; n++) lease(book, { max: 1, waitMs: 0, worker: `worker ${n}`, release: 'r', handles })

  assert.equal(book.workers.size, 0)
  db.close()
})

/** A cluster that only takes events in; `gate` holds its handler until so many events are in it. */
async function ingesting(t: TestContext, folder: string) {
  let enter = () => Promise.resolve()
  const cluster = here(t, folder)
  cluster.on('*', { name: 'one' }, () => enter())
  await cluster.start(['ingestion'])
  const sender = senderTo(t, cluster)
  return {
    cluster,
    post: async (n: number) => {
      const { status } = await sender.post(eventBody({ id: `evt_${n}`, customer: `cus_${n}` }))
      assert.equal(status, 200)
    },
    gate(count: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      let inside = 0
      enter = () => {
        if (++inside === count) resolve()
        return promise
      }
      return promise
    },
  }
}

/** How many workers the ledger has ever heard of. */
function workersIn(folder: string): number {
  const db = new DatabaseSync(join(folder, 'ledger.db'), { readOnly: true })
  try {
    return Number(db.prepare('select count(distinct worker) as workers from hookkeeper_log').get()!['workers'])
  } finally {
    db.close()
  }
}
