import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { effectsTable, insertEffect } from '../../src/processing/effects.ts'
import { effectsTx } from '../../src/processing/tx.ts'
import { clients, prisma } from '../services/clients.ts'
import { mariadb } from '../services/mariadb.ts'
import { ask as askMariaDb } from '../services/mariadb-server.ts'
import { pgbouncer } from '../services/pgbouncer.ts'
import { postgres, postgres18 } from '../services/postgres.ts'
import { psql } from '../services/psql.ts'
import { HANDS, type Hand, MYSQL_HANDS, prismaHand } from './clients/hands.ts'

const SEVERAL = `insert into hookkeeper_effects (key) select $2::text
  where length($2) = $1::int8 and '{"?": 1}'::jsonb ? '?' and $3::text = $2`

/** A database of the user's: what it is asked, and how it tells that a transaction waits for another. */
interface Database {
  readonly url: string
  ask(statement: string): Promise<string>
  readonly waiting: string
}

const server = postgres.skip ? postgres18 : postgres
const skipPostgres = server.skip || psql.skip

async function postgresDatabase(): Promise<Database> {
  const { url } = await server.ready()
  const ask = await psql.ready()
  await ask(url, effectsTable('postgres'))
  const waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
  return { url, ask: (statement) => ask(url, statement), waiting }
}

/** The same rows, by way of a pool that lends a connection for no longer than a transaction. */
const pooledDatabase = async (): Promise<Database> => ({
  ...(await postgresDatabase()),
  url: (await pgbouncer.ready()).url,
})

async function mysqlDatabase(): Promise<Database> {
  const { url } = await mariadb.ready()
  await askMariaDb(url, effectsTable('mysql'))
  // Not from innodb_trx, which is not brought up to date as long as somebody asks for it more often than ten times a second.
  const waiting =
    "select variable_value from information_schema.global_status where variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'"
  return { url, ask: (statement) => askMariaDb(url, statement), waiting }
}

const all = [
  ...Object.entries(HANDS).map(([name, make]) => ({
    name,
    skip: clients.skip || skipPostgres,
    database: postgresDatabase,
    make: async (url: string) => make(await clients.ready(), url),
  })),
  ...Object.entries(HANDS).map(([name, make]) => ({
    name: `${name}, through PgBouncer`,
    skip: clients.skip || postgres.skip || psql.skip || pgbouncer.skip,
    database: pooledDatabase,
    make: async (url: string) => make(await clients.ready(), url),
  })),
  ...Object.entries(MYSQL_HANDS).map(([name, make]) => ({
    name,
    skip: clients.skip || mariadb.skip,
    database: mysqlDatabase,
    make: async (url: string) => make(await clients.ready(), url),
  })),
  {
    name: 'Prisma',
    skip: prisma.skip || skipPostgres,
    database: postgresDatabase,
    make: async (url: string) => prismaHand(await prisma.ready(), url),
  },
]

for (const { name, skip, database, make } of all) {
  const scene = async () => {
    const at = await database()
    return { at, hand: await make(at.url) }
  }
  const promised = (promise: string, trial: (hand: Hand, key: string, at: Database) => Promise<void>) =>
    test(`${name}: ${promise}`, { skip }, async (t) => {
      const { at, hand } = await scene()
      t.after(() => hand.close())
      await trial(hand, randomBytes(16).toString('hex'), at)
    })

  promised('what is committed is answered true once, and false from then on', async (hand, key) => {
    assert.equal(await committed(hand, key), true)
    assert.equal(await committed(hand, key), false)
    assert.equal(await committed(hand, key), false)
  })

  promised('what is rolled back is forgotten', async (hand, key, at) => {
    await assert.rejects(
      hand.within(async (tx) => {
        assert.equal(await insertEffect(await effectsTx(tx), key), true)
        throw new Error('on purpose')
      }),
      /on purpose/,
    )

    assert.equal(await committed(hand, key), true)
    assert.equal(await count(at, key), '1')
  })

  for (const first of ['commits', 'rolls back'] as const)
    promised(`while the first is at it the second waits; when it ${first} the answer comes`, async (hand, key, at) => {
      let answer: Promise<boolean> | null = null
      let known: boolean | null = null
      const begun = hand.within(async (tx) => {
        assert.equal(await insertEffect(await effectsTx(tx), key), true)
        answer = committed(hand, key).then((value) => (known = value))
        while ((await at.ask(at.waiting)) === '0');
        assert.equal(known, null)
        if (first === 'rolls back') throw new Error('on purpose')
      })

      if (first === 'commits') await begun
      else await assert.rejects(begun, /on purpose/)
      assert.equal(await answer, first === 'rolls back')
      assert.equal(await count(at, key), '1')
    })

  if (database !== mysqlDatabase)
    promised(
      'a statement with several values, casts and question marks goes through as it is',
      async (hand, key, at) => {
        await hand.within(async (tx) => {
          const users = await effectsTx(tx)
          assert.equal(users.dialect, 'postgres')
          assert.deepEqual(await users.query(SEVERAL, ['32', key, key]), { rows: 1 })
          assert.deepEqual(await users.query(SEVERAL, ['32', key, 'another']), { rows: 0 })
        })

        assert.equal(await count(at, key), '1')
      },
    )

  promised('a client that is in no transaction is refused, with what to pass', async (hand, key, at) => {
    for (const [what, outside] of Object.entries(hand.outside))
      await assert.rejects(effectsTx(outside), { code: 'tx_not_begun' }, what)
    assert.equal(await count(at, key), '0')
  })
}

async function committed(hand: Hand, key: string): Promise<boolean> {
  let answer: boolean | null = null
  await hand.within(async (tx) => {
    answer = await insertEffect(await effectsTx(tx), key)
  })
  return answer!
}

const count = ({ url, ask }: Database, key: string): Promise<string> => {
  const column = url.startsWith('mysql') ? '`key`' : 'key'
  return ask(`select count(*) from hookkeeper_effects where ${column} = '${key}'`)
}
