import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mariadb } from './mariadb.ts'
import { ask, startMariaDb } from './mariadb-server.ts'
import { Place } from './place.ts'

test('MariaDB keeps rows, and is set to be durable', { skip: mariadb.skip }, async () => {
  const { url, port, version } = await mariadb.ready()

  assert.equal(Number(new URL(url).port || 3306), port)
  assert.match(version, /^\d+\.\d+/)
  await ask(url, 'create table hooks (id varchar(40) primary key)')
  await ask(url, "insert into hooks values ('evt_1')")
  assert.equal(await ask(url, 'select id from hooks'), 'evt_1')
  assert.equal(await ask(url, 'select @@innodb_flush_log_at_trx_commit'), '1')
  await ask(url, 'drop table hooks')
})

test('a MariaDB is gone when it was stopped, whatever its clients do', { skip: mariadb.skip }, async (t) => {
  const place = new Place('mariadb-stop')
  t.after(() => place.end())
  const { url, pid, stop } = await startMariaDb(place)
  const asleep = assert.rejects(ask(url, 'select sleep(60)'))
  const asking = "select count(*) from information_schema.processlist where info like '%sleep(60)'"
  while ((await ask(url, asking)) !== '1');

  await stop()

  assert.throws(() => process.kill(pid ?? 0, 0), { code: 'ESRCH' })
  await asleep
})
