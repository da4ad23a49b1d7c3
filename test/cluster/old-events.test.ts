import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Note, Store } from '../../src/store/store.ts'
import { postgres } from '../services/postgres.ts'
import { bodyGiven, detaching, oldDay, WANT } from './old-day.ts'

const given = { skip: postgres.skip }
const BODY = '{"id":"evt_old"}'
const OLD = { id: 'evt_old', body: Buffer.from(BODY) }
const NOTE: Note = { by: 'test', why: 'it is to run again' }

test('an event that comes into an old day after retention has looked at it is kept whole', given, async (t) => {
  const { store, next, wire, event, begin } = await oldDay(t)
  const held = wire.hold('before', detaching('seen'))
  const { ended } = await begin()
  await held.reached

  assert.deepEqual(await store.ledger.admit([event(OLD)]), ['new'])
  held.go()
  await ended

  await isWhole(t, store, next)
})

test('one whose admission is under way when its day is taken out of the tables is kept whole', given, async (t) => {
  const { store, next, event, client, waiting, leaving, begin } = await oldDay(t)
  const busy = await client()
  await busy.query(`begin; insert into hookkeeper_objects (object, tenant, lane, lane_hash, bucket, day)
    values ('in_old', 'test  default', '', 0, 0, 0)`)
  const admitted = store.ledger.admit([event({ ...OLD, object: 'in_old' })])
  await waiting('as dealt')
  const { ended } = await begin()
  await leaving('seen')

  await busy.query('rollback')
  assert.deepEqual(await admitted, ['new'])
  await ended

  await isWhole(t, store, next)
})

test('one that comes into a day that another process has put back meanwhile is kept whole', given, async (t) => {
  const { store, next, wire, sql, event, left, begin } = await oldDay(t)
  const held = wire.hold('before', detaching('bodies'))
  const { ended } = await begin()
  await held.reached

  const day = Number((await left())[0]?.split('_').at(-1))
  await sql.query(
    `alter table hookkeeper_seen attach partition hookkeeper_seen_${day} for values from (${day}) to (${day + 1})`,
  )
  assert.deepEqual(await store.ledger.admit([event(OLD)]), ['new'])
  held.go()
  await ended

  await isWhole(t, store, next)
})

test(
  'one that comes while its day is taken away is refused until that is gone, and stops no work',
  given,
  async (t) => {
    const { store, next, clock, event, reader, leaving, begin } = await oldDay(t)
    const reading = await reader('history')
    const { ended } = await begin()
    await leaving('history')

    for (let n = 0; n < 2; n++) await assert.rejects(store.ledger.admit([event(OLD)]), { code: 'store_failed' })
    await store.ledger.admit([event({ id: 'evt_new', createdAt: clock.now() })])
    assert.ok(await bodyGiven(store, 'evt_new', t.signal))
    await reading.query('rollback')
    await ended

    assert.deepEqual(await store.ledger.admit([event(OLD)]), ['new'])
    await isWhole(t, store, next)
  },
)

test('one that is reopened after retention has looked at its day is worked with its body', given, async (t) => {
  const { store, next, wire, event, begin } = await oldDay(t, { days: 50 })
  await store.ledger.admit([event({ ...OLD, as: 'record' })])
  const held = wire.hold('before', detaching('bodies'))
  const { ended } = await begin()
  await held.reached

  await store.ledger.move({ query: { id: OLD.id }, limit: 1 }, { kind: 'reopen', forget: 'nothing' }, NOTE)
  held.go()
  await ended

  await isWhole(t, store, next)
})

for (const name of ['seen', 'bodies'])
  test(`one that waits in a day that somebody left out of ${name} is worked once it is found`, given, async (t) => {
    const { store, next, sql, event, left, begin } = await oldDay(t)
    await store.ledger.admit([event(OLD)])
    const worker = await next()
    const partition = (await left()).find((table) => table.startsWith(`hookkeeper_${name}_`))
    await sql.query(`alter table hookkeeper_${name} detach partition ${partition}`)

    // Whoever has it in memory looks for it and finds nothing.
    assert.deepEqual(await worker.ledger.lease({ ...WANT, waitMs: 0 }), [])
    await (await begin()).ended

    assert.equal(await bodyGiven(worker, OLD.id, t.signal), BODY)
  })

test('one whose body is missing reaches its attempt without it', given, async (t) => {
  const { store, next, sql, event } = await oldDay(t)
  await store.ledger.admit([event(OLD)])
  await sql.query('delete from hookkeeper_bodies')

  assert.equal(await bodyGiven(await next(), OLD.id, t.signal), '')
})

/** To a process that has nothing of it in memory. */
async function isWhole(t: TestContext, store: Store, next: () => Promise<Store>): Promise<void> {
  await store.close()
  const { ledger } = await next()
  const { data } = await ledger.find({ id: OLD.id, limit: 2 })
  assert.deepEqual(
    data.map(({ state }) => state),
    ['waiting'],
  )
  assert.equal(await bodyGiven({ ledger }, OLD.id, t.signal), BODY)
}
