import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Dialect, effectsTable } from '../../../src/processing/effects.ts'
import { mariadb } from '../../services/mariadb.ts'
import { ask as askMariaDb } from '../../services/mariadb-server.ts'
import { postgres, postgres18 } from '../../services/postgres.ts'
import { psql } from '../../services/psql.ts'

/** The user's database, with nothing in it but the two tables that the documents speak of. */
export interface Shop {
  readonly url: string
  /** How many rows are in `bookings` and in `hookkeeper_effects`. */
  count(): Promise<readonly number[]>
  close(): Promise<void>
}

/** Where there is none: why. */
export interface Kind {
  readonly skip: string | false
  open(): Promise<Shop>
}

const server = postgres.skip ? postgres18 : postgres

export const postgresShop: Kind = {
  skip: server.skip || psql.skip,
  async open() {
    const [{ url }, ask] = [await server.ready(), await psql.ready()]
    const shop = new URL(url)
    shop.pathname = `/shop_${process.pid}`
    const drop = `drop database if exists ${shop.pathname.slice(1)} with (force)`
    await ask(url, drop)
    await ask(url, `create database ${shop.pathname.slice(1)}`)
    for (const statement of tables('postgres')) await ask(shop.href, statement)
    const count = () => Promise.all(COUNTS.map(async (statement) => Number(await ask(shop.href, statement))))
    return { url: shop.href, count, close: async () => void (await ask(url, drop)) }
  },
}

export const mysqlShop: Kind = {
  skip: mariadb.skip,
  async open() {
    const { url } = await mariadb.ready()
    const drop = 'drop table if exists bookings, hookkeeper_effects'
    await askMariaDb(url, drop)
    for (const statement of tables('mysql')) await askMariaDb(url, statement)
    const count = () => Promise.all(COUNTS.map(async (statement) => Number(await askMariaDb(url, statement))))
    return { url, count, close: async () => void (await askMariaDb(url, drop)) }
  },
}

/** Its client takes no other scheme. */
export const mariadbShop: Kind = {
  skip: mariadb.skip,
  async open() {
    const shop = await mysqlShop.open()
    return { ...shop, url: shop.url.replace('mysql:', 'mariadb:') }
  },
}

export const sqliteShop: Kind = {
  skip: false,
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'hookkeeper-shop-'))
    const url = join(folder, 'shop.db')
    const db = new DatabaseSync(url)
    for (const statement of tables('sqlite')) db.exec(statement)
    const count = async () => COUNTS.map((statement) => Number(db.prepare(statement).get()?.['n']))
    const close = () => {
      db.close()
      return rm(folder, { recursive: true })
    }
    return { url, count, close }
  },
}

const COUNTS = ['select count(*) as n from bookings', 'select count(*) as n from hookkeeper_effects']

const IDS: Readonly<Record<Dialect, string>> = {
  postgres: 'serial primary key',
  mysql: 'int auto_increment primary key',
  sqlite: 'integer primary key',
}

const tables = (dialect: Dialect): readonly string[] => [
  `create table bookings (id ${IDS[dialect]}, event varchar(255) not null, cents int not null)`,
  effectsTable(dialect),
]
