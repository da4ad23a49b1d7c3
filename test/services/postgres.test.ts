import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Place } from './place.ts'
import { postgres, postgres18 } from './postgres.ts'
import { startPostgres, systemPrograms } from './postgres-server.ts'
import { psql } from './psql.ts'
import { strace } from './strace.ts'

for (const [server, major] of [
  [postgres, 15],
  [postgres18, 18],
] as const)
  test(`${server.name} is ${major} or newer, keeps rows, and is set to be durable`, {
    skip: server.skip || psql.skip,
  }, async () => {
    const { url, port, version } = await server.ready()
    const ask = await psql.ready()

    assert.ok(Number.parseInt(version, 10) >= major, version)
    assert.equal(Number(new URL(url).port || 5432), port)
    await ask(url, 'create table hooks (id text primary key)')
    assert.equal(await ask(url, "insert into hooks values ('evt_1') returning id"), 'evt_1')
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
      assert.equal(await ask(url, `show ${setting}`), 'on')
    await ask(url, 'drop table hooks')
  })

test('Postgres syncs its log before it answers a commit', {
  skip: postgres.skip || psql.skip || strace.skip,
}, async (t) => {
  const { url, pid } = await postgres.ready()
  if (pid === null) return t.skip('the Postgres that was given is no process of ours')
  const ask = await psql.ready()
  await ask(url, 'create table synced (id int)')

  const { attach } = await strace.ready()
  // The backend that serves psql is a child of the postmaster, made while we look.
  const trace = await attach({ pid, calls: ['fsync', 'fdatasync', 'sendto'] })
  await ask(url, 'insert into synced values (1)')
  const calls = await trace.stop()

  const synced = calls.findIndex((line) => /fdatasync\(.*pg_wal/.test(line))
  const answered = calls.findIndex((line) => /sendto\(.*INSERT 0 1/.test(line))
  assert.ok(synced >= 0 && synced < answered, calls.join('\n'))
})

test('a Postgres has the settings asked for, and is gone when it was stopped, whatever its clients do', {
  skip: postgres.skip || psql.skip,
}, async (t) => {
  const place = new Place('postgres-stop')
  t.after(() => place.end())
  const { url, pid, stop } = await startPostgres(place, (await systemPrograms()) ?? '', { work_mem: '5MB' })
  const ask = await psql.ready()
  assert.equal(await ask(url, 'show work_mem'), '5MB')
  const asleep = assert.rejects(ask(url, 'select pg_sleep(60)'), /terminat/)
  while (
    (await ask(url, "select count(*) from pg_stat_activity where query like '%sleep(60)' and state = 'active'")) !== '1'
  );

  await stop()

  assert.throws(() => process.kill(pid ?? 0, 0), { code: 'ESRCH' })
  await asleep
})
