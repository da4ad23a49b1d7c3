import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pooled, skip as unpooled } from '../conformance/pooled.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { asking, detaching, oldDay } from './old-day.ts'

const given = { skip: postgres.skip }

for (const name of ['seen', 'bodies', 'history'])
  test(
    `a process that ended while it detached a day of ${name} does not keep the next from taking it away`,
    given,
    async (t) => {
      const { client, sql, left, reader, leaving, begin } = await oldDay(t)
      const partition = (await left()).find((table) => table.startsWith(`hookkeeper_${name}_`))
      const [reading, sweeping] = [await reader(name), await client()]
      const { pid } = (await sweeping.query('select pg_backend_pid() as pid')).rows[0]
      const detached = sweeping
        .query(`alter table hookkeeper_${name} detach partition ${partition} concurrently`)
        .catch((error: Error) => error)
      await leaving(name)
      await sql.query('select pg_terminate_backend($1)', [pid])
      assert.ok((await detached) instanceof Error)
      await reading.query('rollback')

      await (await begin()).ended

      assert.deepEqual(await left(), [])
    },
  )

test('a day of which a part is gone goes whole, and what is out of its table goes too', given, async (t) => {
  const { sql, left, begin } = await oldDay(t)
  for (const table of await left()) {
    if (table.startsWith('hookkeeper_history_')) await sql.query(`drop table ${table}`)
    if (table.startsWith('hookkeeper_bodies_'))
      await sql.query(`alter table hookkeeper_bodies detach partition ${table}`)
  }

  await (await begin()).ended

  assert.deepEqual(await left(), [])
})

const place = new Place('retention')
after(() => place.end())
for (const { behind, server, skip } of [
  { behind: '', server: postgres.ready, skip: postgres.skip },
  { behind: ' behind a pooler', server: pooled(place), skip: unpooled },
])
  test(`a ledger${behind} closes while its retention waits for somebody else's transaction, and the next goes on from there`, {
    skip,
  }, async (t) => {
    const { store, next, left, reader, leaving, begin, passes } = await oldDay(t, { server })
    const reading = await reader('history')
    const { ended } = await begin()
    await leaving('history')

    await passes(store.close())
    await assert.rejects(ended)
    await reading.query('rollback')
    await next()
    await (await begin()).ended

    assert.deepEqual(await left(), [])
  })

test('a ledger that closes while its retention is at a table begins no other', given, async (t) => {
  const { store, wire, left, begin, passes } = await oldDay(t)
  const held = wire.hold('after', detaching('seen'))
  await begin()
  await held.reached

  const stopping = wire.hold('before', asking('pg_cancel_backend'))
  const closed = store.close()
  await passes(stopping.reached)
  stopping.go()
  held.go()
  await closed

  assert.equal((await left()).length, 3)
})

test('whoever comes in on a new day does not wait while a day that is half gone is read', given, async (t) => {
  const { store, clock, event, next, left, reader, leaving, waiting, begin, passes } = await oldDay(t)
  const reading = await reader('history')
  await begin()
  await leaving('history')
  await passes(store.close())
  const other = await next()

  const { ended } = await begin()
  await waiting('finalize')
  assert.deepEqual(await other.ledger.admit([event({ createdAt: clock.now() })]), ['new'])
  await assert.rejects(ended, { code: 'store_failed' })
  await reading.query('rollback')
  await (await begin()).ended

  assert.equal((await left()).length, 3)
})
