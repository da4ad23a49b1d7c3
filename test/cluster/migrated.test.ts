import assert from 'node:assert/strict'
import { cp, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openPool, type Sql, sqlOver } from '../../src/store/postgres/driver.ts'
import { migratePostgres, schemaVersion } from '../../src/store/postgres/migrate.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { folderFor } from '../chaos/here.ts'
import { postgres } from '../services/postgres.ts'
import { cluster, database, delivery } from './on-postgres.ts'

const OURS = new URL('../../src/store/migrations/postgres/', import.meta.url)
const BEFORE = 100
const AFTER = 100
const AT_ONCE = 8

/** What a next release may do beside a program that does not know it: more columns with a default, more tables, more indexes. */
const NEXT = `
alter table hookkeeper_queue add column weight smallint not null default 1;
alter table hookkeeper_seen add column origin text;
alter table hookkeeper_members add column region text;
create index hookkeeper_queue_due on hookkeeper_queue (due) where state = 0;
create table hookkeeper_weights (type text primary key, weight smallint not null);
insert into hookkeeper_weights select distinct type, 1 from hookkeeper_queue;
`

/** Our migrations, and so many of a release to come. */
async function withNext(t: TestContext, more: readonly string[]): Promise<{ folder: URL; known: number }> {
  const folder = folderFor(t)
  await cp(OURS, folder, { recursive: true })
  const known = (await readdir(folder)).length
  for (const [n, text] of more.entries()) await writeFile(join(folder, `${1000 + n}-next.sql`), text)
  return { folder: pathToFileURL(`${folder}/`), known }
}

async function sqlTo(t: TestContext, url: string): Promise<Sql> {
  const sql = sqlOver(await openPool({ url, connectionsMax: 2, name: 'test' }))
  t.after(() => sql.close())
  return sql
}

test('the next schema is made while this program takes and works: every delivery gets its 200, every event is worked once', {
  skip: postgres.skip,
}, async (t) => {
  const url = await database(t)
  const worked: string[] = []
  const taking = cluster(t, url, 'ingestion')
  const working = cluster(t, url, 'processing')
  const { promise: all, resolve } = Promise.withResolvers<void>()
  let expected = Number.POSITIVE_INFINITY
  working.on('*', { name: 'count' }, ({ id }) => {
    worked.push(id)
    if (worked.length === expected) resolve()
  })
  await taking.start()
  await working.start()
  const { folder, known } = await withNext(t, [NEXT])
  const sql = await sqlTo(t, url)

  let migrated: Promise<number> | null = null
  let over = false
  let left = AFTER
  const sent: string[] = []
  const client = async () => {
    while (!over || left-- > 0) {
      const id = `evt_${sent.length}`
      sent.push(id)
      const { status } = await taking.fetch(delivery(id, `cus_${sent.length % 20}`))
      assert.equal(status, 200)
      if (sent.length >= BEFORE) migrated ??= migratePostgres(sql, url, folder).finally(() => (over = true))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  expected = sent.length
  if (worked.length < expected) await all

  assert.equal(await migrated, 1)
  assert.equal(await schemaVersion(sql.rows), known + 1)
  assert.deepEqual(worked.toSorted(), sent.toSorted())
  await Promise.all([taking.stop(), working.stop()])
  // One that starts anew takes the newer schema as it is.
  const again = await openPostgres({ url })
  assert.equal((await again.ledger.find({ state: 'done', limit: 1_000 })).data.length, Math.min(sent.length, 1_000))
  await again.close()
})

test('a step that Postgres ends, since somebody locks its tables in another order, is taken again', {
  skip: postgres.skip,
}, async (t) => {
  const url = await database(t)
  const { folder } = await withNext(t, [NEXT])
  const [sql, other] = await Promise.all([sqlTo(t, url), sqlTo(t, url)])
  await migratePostgres(sql, url)
  let migrated: Promise<number> | null = null

  await other.together(async (rows) => {
    // Whoever waits first is the one that looks, and is ended.
    await rows("set local deadlock_timeout = '5min'")
    await rows('select from hookkeeper_seen')
    migrated = migratePostgres(sql, url, folder)
    const waits = `select from pg_locks where not granted and relation = 'hookkeeper_seen'::regclass`
    while ((await rows(waits)).length === 0);
    await rows('select from hookkeeper_queue')
  })

  assert.equal(await migrated, 1)
})

test('a schema that is two newer is refused in a sentence, and left as it is', { skip: postgres.skip }, async (t) => {
  const url = await database(t)
  const { folder, known } = await withNext(t, [NEXT, 'create table hookkeeper_later (id int)'])
  const sql = await sqlTo(t, url)
  assert.equal(await migratePostgres(sql, url, folder), known + 2)

  await assert.rejects(openPostgres({ url }), { code: 'schema_newer' })
  await assert.rejects(openPostgres({ url, migrates: true }), { code: 'schema_newer' })

  assert.equal(await schemaVersion(sql.rows), known + 2)
})

test('several processes that migrate at once make each step once', { skip: postgres.skip }, async (t) => {
  const url = await database(t)
  const { folder, known } = await withNext(t, [NEXT])
  const sqls = await Promise.all(Array.from({ length: 4 }, () => sqlTo(t, url)))

  const taken = await Promise.all(sqls.map((sql) => migratePostgres(sql, url, folder)))

  assert.equal(
    taken.reduce((sum, steps) => sum + steps),
    known + 1,
  )
})

test('a step that fails leaves the schema as the step before left it', { skip: postgres.skip }, async (t) => {
  const url = await database(t)
  const { folder, known } = await withNext(t, ['create table hookkeeper_half (id int); select 1 / 0'])
  const sql = await sqlTo(t, url)

  await assert.rejects(migratePostgres(sql, url, folder), { code: 'store_failed' })

  assert.equal(await schemaVersion(sql.rows), known)
  assert.deepEqual(await sql.rows(`select to_regclass('hookkeeper_half') as made`), [{ made: null }])
  await (await openPostgres({ url })).close()
})
