import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { openPool, sqlOver } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import { DONE, dead, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { database } from './on-postgres.ts'

/** A server that has been in use for long has counted so many transactions more than a new one. */
const OLDER = 5_000_000_000

test('a ledger that a dump brought from another server is refused until it is migrated, and then everything is there', {
  skip: postgres.skip,
}, async (t) => {
  const url = await database(t)
  const before = await openPostgres({ url, migrates: true })
  await before.ledger.admit(['evt_done', 'evt_dead', 'evt_waits'].map((id) => envelope(systemClock, { id })))
  for (const outcome of [DONE, dead()]) await workOne(before, outcome)
  await before.close()
  await asFromAnOlderServer(url)

  await assert.rejects(openPostgres({ url, migrates: false }), { code: 'postgres_unfit' })
  const after = await openPostgres({ url, migrates: true })
  t.after(() => after.close())

  assert.deepEqual((await found(after)).sort(), ['evt_dead dead', 'evt_done done', 'evt_waits waiting'])
  assert.equal(await workOne(after, DONE), 'evt_waits')
  const { data } = await after.ledger.changes(null, 100)
  assert.deepEqual([...new Set(data.map(({ id }) => id))].sort(), ['evt_dead', 'evt_done', 'evt_waits'])
})

/** A dump holds the numbers of the transactions that wrote its rows as plain values. */
async function asFromAnOlderServer(url: string): Promise<void> {
  const sql = sqlOver(await openPool({ url, connectionsMax: 1, name: 'test' }))
  const older = (column: string) => `${column} = (${column}::text::int8 + ${OLDER})::text::xid8`
  for (const table of ['seen', 'history', 'news']) await sql.rows(`update hookkeeper_${table} set ${older('tx')}`)
  await sql.rows(`update hookkeeper_queue set ${older('tx')}, ${older('born')}`)
  await sql.close()
}

/** Ends the next of those that are ready, in the order of their ids; gives which it was. */
async function workOne({ ledger }: Store, outcome: typeof DONE): Promise<string> {
  const [work] = await ledger.lease({
    ...{ max: 1, waitMs: 5_000, worker: 'w', release: 'r', handles: [handler()] },
  })
  assert.ok(work, 'nothing is ready')
  await ledger.settle([{ work, outcome, returned: [] }])
  return work.event.id
}

async function found({ ledger }: Store): Promise<string[]> {
  const { data } = await ledger.find({ limit: 10 })
  return data.map(({ id, state }) => `${id} ${state}`)
}
