import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pgbouncer } from './pgbouncer.ts'
import { startPgBouncer } from './pgbouncer-server.ts'
import { Place } from './place.ts'
import { postgres } from './postgres.ts'
import { psql } from './psql.ts'

const skip = pgbouncer.skip || postgres.skip || psql.skip

test('PgBouncer leads to the Postgres behind it', { skip }, async () => {
  const { url, port } = await pgbouncer.ready()
  const ask = await psql.ready()

  assert.equal(Number(new URL(url).port), port)
  await ask(url, 'create table through (id text primary key)')
  assert.equal(await ask((await postgres.ready()).url, 'select count(*) from through'), '0')
  await ask(url, 'drop table through')
})

test('in transaction mode a session keeps nothing of its own: what one client prepares is there for the next', {
  skip,
}, async (t) => {
  const place = new Place('pgbouncer-one')
  t.after(() => place.end())
  const { url } = await startPgBouncer(place, (await postgres.ready()).url, { default_pool_size: '1' })
  const ask = await psql.ready()

  const first = await ask(url, 'select pg_backend_pid()')
  await ask(url, 'prepare hook as select 1')

  assert.equal(await ask(url, 'select pg_backend_pid()'), first)
  await assert.rejects(ask(url, 'prepare hook as select 1'), /already exists/)
})

test('a PgBouncer is gone when it was stopped, and leaves the Postgres alone', { skip }, async (t) => {
  const place = new Place('pgbouncer-stop')
  t.after(() => place.end())
  const behind = await postgres.ready()
  const { url, pid, stop } = await startPgBouncer(place, behind.url)
  const ask = await psql.ready()
  assert.equal(await ask(url, 'select 1'), '1')

  await stop()

  assert.throws(() => process.kill(pid ?? 0, 0), { code: 'ESRCH' })
  await assert.rejects(ask(url, 'select 1'), /refused/)
  assert.equal(await ask(behind.url, 'select 1'), '1')
})
