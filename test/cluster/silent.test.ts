import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { openPool, type Sql, sqlOver } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Ledger, Want } from '../../src/store/store.ts'
import { DONE, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { type Question, Wire } from './between.ts'
import { database, until } from './on-postgres.ts'

// A worker that was taken for ended admits all the same. Whoever has its buckets by now would take itself for alone, and record a
// newer event of the same lane with its lease.

const given = { skip: postgres.skip }
const WANT: Want = { max: 10, waitMs: 10_000, worker: 'w', release: 'r', handles: [handler()] }
/** Longer than a worker may go without saying that it is there. */
const FROZEN_MS = 4_000

test('one that was frozen says that it is there before it admits', given, async (t) => {
  const { one, other, sql, wire } = await two(t)
  const beat = wire.hold('before', named('beat'))
  await beat.reached
  await sql.rows(
    `with gone as (delete from hookkeeper_members where name = 'other' returning id)
     update hookkeeper_buckets set owner = null, epoch = epoch + 1 where owner in (select id from gone)`,
  )
  await until(sql, ALL_OWNED)

  const waits = one.lease(WANT)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + FROZEN_MS })
  await other.admit([of('evt_old')])
  await one.admit([of('evt_new')])

  const worked = await ids(waits)
  beat.go()
  assert.deepEqual(worked, ['evt_old'])
})

test('one that is frozen after it has said so is looked for though it has fallen silent', given, async (t) => {
  const { one, other, sql, wire } = await two(t)
  const beat = wire.hold('before', named('beat'))
  await beat.reached
  const admission = wire.hold('before', named('admit'))
  const admitted = other.admit([of('evt_old')])
  await admission.reached
  await sql.rows("update hookkeeper_members set seen = seen - interval '10 s' where name = 'other'")
  await until(sql, ALL_OWNED)

  const waits = one.lease(WANT)
  admission.go()
  await admitted
  await one.admit([of('evt_new')])

  const worked = await ids(waits)
  beat.go()
  assert.deepEqual(worked, ['evt_old'])
})

const ALL_OWNED = 'select count(distinct owner) = 1 and count(owner) = count(*) as so from hookkeeper_buckets'

/** Two that work and share the buckets; `wire` is that of the other one, which came later. */
async function two(t: TestContext): Promise<{ one: Ledger; other: Ledger; sql: Sql; wire: Wire }> {
  const url = await database(t)
  const first = await openPostgres({ url, migrates: true })
  const pool = await openPool({ url, connectionsMax: 8, name: 'test' })
  const wire = new Wire(pool)
  const second = await openPostgres({ url, pool, name: 'other' })
  const sql = sqlOver(await openPool({ url, connectionsMax: 1, name: 'test' }))
  t.after(() => first.close())
  t.after(() => second.close())
  t.after(() => sql.close())
  await first.ledger.admit([of('evt_first', 'cus_first')])
  const [work] = await first.ledger.lease(WANT)
  await first.ledger.settle([{ work: work!, outcome: DONE, returned: [] }])
  await until(sql, ALL_OWNED)
  await second.ledger.lease({ ...WANT, waitMs: 0 })
  await until(
    sql,
    `select count(*) = 2 and min(c) = max(c) as so
     from (select count(*) as c from hookkeeper_buckets where owner is not null group by owner) b`,
  )
  return { one: first.ledger, other: second.ledger, sql, wire }
}

const named =
  (statement: string) =>
  ({ name }: Question) =>
    name === `hookkeeper_${statement}`

const of = (id: string, customer = 'cus_a') => envelope(systemClock, { id, customer })

const ids = async (waits: ReturnType<Ledger['lease']>) => (await waits).map(({ event }) => event.id)
