import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openPool, type Sql, sqlOver } from '../../src/store/postgres/driver.ts'
import { KeptConnection } from '../../src/store/postgres/kept.ts'
import { pause } from '../chaos/settle.ts'
import { postgres } from '../services/postgres.ts'
import { database } from './on-postgres.ts'

const given = { skip: postgres.skip }
const NAME = 'kept by a test'

test('a connection that the server ends is told of and opened again', given, async (t) => {
  const { sql, url } = await made(t)
  const told: string[] = []
  const kept = keep(t, url, { begin: async () => void told.push('begun'), lost: () => void told.push('lost') })
  await kept.open()
  assert.ok(kept.client)

  await sql.rows('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [NAME])
  await until(() => told.length === 3)

  assert.deepEqual(told, ['begun', 'lost', 'begun'])
})

test('one that cannot begin is ended and counts as lost', given, async (t) => {
  const { sql, url } = await made(t)
  let [tries, lost] = [0, 0]
  const kept = keep(t, url, {
    begin: async () => assert.notEqual(++tries, 1, 'not yet'),
    lost: () => void lost++,
  })

  await kept.open()
  assert.equal(kept.client, null)
  await until(() => kept.client !== null)

  assert.deepEqual([tries, lost], [2, 1])
  await until(async () => (await connections(sql)) === 1)
})

test('one that is closed while it is being opened leaves none behind', given, async (t) => {
  const { sql, url } = await made(t)
  const begun = Promise.withResolvers<void>()
  const rest = Promise.withResolvers<void>()
  const kept = keep(t, url, {
    begin() {
      begun.resolve()
      return rest.promise
    },
    lost: () => {},
  })
  const opened = kept.open()
  await begun.promise

  await kept.close()
  rest.resolve()
  await opened

  assert.equal(kept.client, null)
  await until(async () => (await connections(sql)) === 0)
})

function keep(
  t: TestContext,
  url: string,
  how: Pick<ConstructorParameters<typeof KeptConnection>[0], 'begin' | 'lost'>,
) {
  const kept = new KeptConnection({ url, name: NAME, againMs: 20, ...how })
  t.after(() => kept.close())
  return kept
}

async function made(t: TestContext): Promise<{ url: string; sql: Sql }> {
  const url = await database(t)
  const sql = sqlOver(await openPool({ url, connectionsMax: 1, name: 'test' }))
  t.after(() => sql.close())
  return { url, sql }
}

async function connections(sql: Sql): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(
    'select count(*)::int from pg_stat_activity where application_name = $1',
    [NAME],
  )
  return row!.count
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await pause(10)
}
