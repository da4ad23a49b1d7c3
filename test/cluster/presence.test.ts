import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/core/clock.ts'
import { openPool, type Sql, sqlOver } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Want } from '../../src/store/store.ts'
import { DONE, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { database, until } from './on-postgres.ts'

const given = { skip: postgres.skip }
const WANT: Want = { max: 10, waitMs: 20_000, worker: 'w', release: 'r', handles: [handler()] }
const EVENTS = 20
const HOLDER = fileURLToPath(new URL('./holder.ts', import.meta.url))

test('a worker that was killed is noticed by its connection, long before its silence would tell', given, async (t) => {
  const { url, sql } = await made(t)
  const { ledger } = await opened(t, url)
  // In lanes of many buckets: some of those are taken in the very moment.
  await ledger.admit(Array.from({ length: EVENTS }, () => envelope(systemClock)))
  const killed = await holder(t, url)

  killed.kill('SIGKILL')
  await once(killed, 'exit')
  // By what it has said it lives for an hour to come.
  await sql.rows(`update hookkeeper_members set seen = seen + interval '1 hour' where pid is not null`)

  for (let n = 0; n < EVENTS; n++) {
    const [work] = await ledger.lease(WANT)
    assert.equal(work?.lost, 1)
    await ledger.settle([{ work, outcome: DONE, returned: [] }])
  }
})

test('a worker whose connection is cut says so and keeps what it has', given, async (t) => {
  const { url, sql } = await made(t)
  const one = await opened(t, url)
  const other = await opened(t, url)
  // Both work: each has its buckets.
  const waits = [one, other].map(({ ledger }) => ledger.lease(WANT, t.signal))
  await until(sql, `select count(*) = 2 as so from hookkeeper_members where pid is not null`)
  const before = await owners(sql)

  await sql.rows('select pg_terminate_backend(pid) from hookkeeper_members')
  await until(
    sql,
    `select bool_and(exists (select from pg_stat_get_activity(m.pid) a where a.backend_start = m.session)) and count(*) = 2 as so
     from hookkeeper_members m`,
  )

  assert.deepEqual(await owners(sql), before)
  await one.ledger.admit([envelope(systemClock, { id: 'evt_1' })])
  const works = (await Promise.race(waits)).map(({ event }) => event.id)
  assert.deepEqual(works, ['evt_1'])
})

async function made(t: TestContext): Promise<{ url: string; sql: Sql }> {
  const url = await database(t)
  const first = await openPostgres({ url, migrates: true })
  await first.close()
  const sql = sqlOver(await openPool({ url, connectionsMax: 1, name: 'test' }))
  t.after(() => sql.close())
  return { url, sql }
}

async function opened(t: TestContext, url: string) {
  const store = await openPostgres({ url })
  t.after(() => store.close())
  return store
}

/** A process that holds leases on all events there are. */
async function holder(t: TestContext, url: string) {
  const place = new Place('holder')
  t.after(() => place.end())
  const child = place.spawn(process.execPath, [HOLDER, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(createInterface({ input: child.stdout! }), 'line')
  return child
}

async function owners(sql: Sql): Promise<unknown> {
  return sql.rows('select bucket, owner, epoch from hookkeeper_buckets order by bucket')
}
