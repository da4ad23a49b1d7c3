import type { Packages } from '../../services/clients.ts'

/** A client of users', as they use it: `within` begins a transaction, commits what returns and rolls back what throws. */
export interface Hand {
  readonly within: (work: (tx: never) => Promise<void>) => Promise<void>
  /** What is in no transaction, and is to be refused. */
  readonly outside: Readonly<Record<string, object>>
  close(): Promise<void>
}

/** By name, each on the database that its URL leads to. */
export const HANDS: Readonly<Record<string, (packages: Packages, url: string) => Promise<Hand>>> = {
  async 'pg, a client of a pool'({ load }, url) {
    const { Pool } = (await load('pg')).default
    const pool = new Pool({ connectionString: url })
    const idle = await pool.connect()
    await idle.query('select 1')
    return {
      within: (work) => lent(() => pool.connect(), asPg, work),
      outside: { pool, idle },
      close: async () => {
        idle.release()
        await pool.end()
      },
    }
  },
  async 'pg, a client of its own'({ load }, url) {
    const { Client } = (await load('pg')).default
    const open = async () => {
      const client = new Client({ connectionString: url })
      await client.connect()
      return Object.assign(client, { release: () => client.end() })
    }
    const idle = await open()
    await idle.query('select 1')
    return { within: (work) => lent(open, asPg, work), outside: { idle }, close: () => idle.end() }
  },
  async postgres({ load }, url) {
    const sql = (await load('postgres')).default(url)
    return { within: (work) => sql.begin(work), outside: { sql }, close: () => sql.end() }
  },
  async 'postgres, in a savepoint'({ load }, url) {
    const sql = (await load('postgres')).default(url)
    const within: Hand['within'] = (work) => sql.begin((tx: typeof sql) => tx.savepoint(work))
    return { within, outside: { sql }, close: () => sql.end() }
  },
  async 'Drizzle on pg'({ load }, url) {
    const { Pool } = (await load('pg')).default
    const pool = new Pool({ connectionString: url })
    const db = (await load('drizzle-orm/node-postgres')).drizzle(pool)
    return { within: (work) => db.transaction(work), outside: { db }, close: () => pool.end() }
  },
  async 'Drizzle on postgres'({ load }, url) {
    const sql = (await load('postgres')).default(url)
    const db = (await load('drizzle-orm/postgres-js')).drizzle(sql)
    return { within: (work) => db.transaction(work), outside: { db }, close: () => sql.end() }
  },
  async 'Drizzle, in a nested transaction'({ load }, url) {
    const { Pool } = (await load('pg')).default
    const pool = new Pool({ connectionString: url })
    const db = (await load('drizzle-orm/node-postgres')).drizzle(pool)
    const within: Hand['within'] = (work) => db.transaction((tx: typeof db) => tx.transaction(work))
    return { within, outside: { db }, close: () => pool.end() }
  },
  async 'Kysely on pg'({ load }, url) {
    const { Kysely, PostgresDialect } = await load('kysely')
    const { Pool } = (await load('pg')).default
    const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }) })
    return kyselyHand(db)
  },
  async 'Knex on pg'({ load }, url) {
    const knex = (await load('knex')).default({ client: 'pg', connection: url })
    return knexHand(knex)
  },
}

export const MYSQL_HANDS: typeof HANDS = {
  async 'mysql2, with promises'({ load }, url) {
    const pool = (await load('mysql2/promise')).default.createPool(url)
    const idle = await pool.getConnection()
    const within: Hand['within'] = (work) => lent(() => pool.getConnection(), asMysql, work)
    return {
      within,
      outside: { pool, idle },
      close: async () => {
        idle.release()
        await pool.end()
      },
    }
  },
  async 'mysql2, with callbacks'({ load }, url) {
    const pool = (await load('mysql2')).default.createPool(url)
    const within: Hand['within'] = (work) =>
      lent(
        () => pool.promise().getConnection(),
        asMysql,
        (tx: never) => work((tx as { connection: never }).connection),
      )
    return { within, outside: { pool }, close: () => pool.promise().end() }
  },
  async mariadb({ load }, url) {
    const pool = (await load('mariadb')).default.createPool(url.replace('mysql:', 'mariadb:'))
    const idle = await pool.getConnection()
    const within: Hand['within'] = (work) => lent(() => pool.getConnection(), asMysql, work)
    return {
      within,
      outside: { pool, idle },
      close: async () => {
        await idle.release()
        await pool.end()
      },
    }
  },
  async 'Drizzle on mysql2'({ load }, url) {
    const pool = (await load('mysql2/promise')).default.createPool(url)
    const db = (await load('drizzle-orm/mysql2')).drizzle(pool)
    return { within: (work) => db.transaction(work), outside: { db }, close: () => pool.end() }
  },
  async 'Kysely on mysql2'({ load }, url) {
    const { Kysely, MysqlDialect } = await load('kysely')
    const pool = (await load('mysql2')).default.createPool(url)
    return kyselyHand(new Kysely({ dialect: new MysqlDialect({ pool }) }))
  },
  async 'Knex on mysql2'({ load }, url) {
    return knexHand((await load('knex')).default({ client: 'mysql2', connection: url }))
  },
}

export async function prismaHand({ folder, load }: Packages, url: string): Promise<Hand> {
  const { PrismaClient } = await import(new URL('generated/prisma/client.ts', folder).href)
  const { PrismaPg } = await load('@prisma/adapter-pg')
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) })
  return { within: (work) => prisma.$transaction(work), outside: { prisma }, close: () => prisma.$disconnect() }
}

const kyselyHand = (db: { transaction(): { execute: Hand['within'] }; destroy(): Promise<void> }): Hand => ({
  within: (work) => db.transaction().execute(work),
  outside: { db },
  close: () => db.destroy(),
})

const knexHand = (knex: { transaction: Hand['within']; destroy(): Promise<void> }): Hand => ({
  within: (work) => knex.transaction(work),
  outside: { knex },
  close: () => knex.destroy(),
})

interface Ends<C> {
  begin(client: C): Promise<unknown>
  commit(client: C): Promise<unknown>
  rollback(client: C): Promise<unknown>
}

interface Queries {
  query(sql: string): Promise<unknown>
  release(): unknown
}

const asPg: Ends<Queries> = {
  begin: (client) => client.query('begin'),
  commit: (client) => client.query('commit'),
  rollback: (client) => client.query('rollback'),
}

interface Connection {
  beginTransaction(): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
  release(): unknown
}

const asMysql: Ends<Connection> = {
  begin: (connection) => connection.beginTransaction(),
  commit: (connection) => connection.commit(),
  rollback: (connection) => connection.rollback(),
}

async function lent<C extends { release(): unknown }>(
  open: () => Promise<C>,
  ends: Ends<C>,
  work: (tx: never) => Promise<void>,
): Promise<void> {
  const client = await open()
  try {
    await ends.begin(client)
    await work(client as never)
    await ends.commit(client)
  } catch (error) {
    await ends.rollback(client)
    throw error
  } finally {
    await client.release()
  }
}
