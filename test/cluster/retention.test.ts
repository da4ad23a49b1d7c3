import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { connected } from '../services/postgres-client.ts'
import { database } from './on-postgres.ts'

const everyMs = 200 * 86_400_000
const OURS =
  "select relname from pg_class where relkind = 'r' and relname ~ '^hookkeeper_(seen|bodies|history)_[0-9]+$'"

/** A ledger with one day past its time, and what has it swept. */
async function old(t: TestContext) {
  const url = await database(t)
  const clock = new VirtualClock()
  const store = await openPostgres({ url, migrates: true, clock, retention: { everyMs } })
  await store.ledger.admit([envelope(clock, { as: 'record', object: null })])
  const client = async () => {
    const one = await connected(url)
    t.after(() => one.end().catch(() => {}))
    return one
  }
  const sql = await client()
  const left = async () => (await sql.query(OURS)).rows.map(({ relname }) => relname as string)
  const swept = async () => {
    await clock.advance(everyMs)
    // It ends the pass that has begun.
    await store.close()
  }
  return { client, sql, left, swept }
}

for (const name of ['seen', 'bodies', 'history'])
  test(`a process that ended while it detached a day of ${name} does not keep the next from taking it away`, {
    skip: postgres.skip,
  }, async (t) => {
    const { client, sql, left, swept } = await old(t)
    const partition = (await left()).find((table) => table.startsWith(`hookkeeper_${name}_`))
    const [reader, sweeping] = [await client(), await client()]
    await reader.query(`begin; select from hookkeeper_${name}`)
    const { pid } = (await sweeping.query('select pg_backend_pid() as pid')).rows[0]
    const detached = sweeping
      .query(`alter table hookkeeper_${name} detach partition ${partition} concurrently`)
      .catch((error: Error) => error)
    const pending = 'select from pg_inherits where inhdetachpending'
    while ((await sql.query(pending)).rowCount === 0);
    await sql.query('select pg_terminate_backend($1)', [pid])
    assert.ok((await detached) instanceof Error)
    await reader.query('rollback')

    await swept()

    assert.deepEqual(await left(), [])
  })

test('a day of which a part is gone goes whole, and what is out of its table goes too', {
  skip: postgres.skip,
}, async (t) => {
  const { sql, left, swept } = await old(t)
  for (const table of await left()) {
    if (table.startsWith('hookkeeper_history_')) await sql.query(`drop table ${table}`)
    if (table.startsWith('hookkeeper_bodies_'))
      await sql.query(`alter table hookkeeper_bodies detach partition ${table}`)
  }

  await swept()

  assert.deepEqual(await left(), [])
})
