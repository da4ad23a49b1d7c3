import type { DatabaseSync } from 'node:sqlite'
import type { Handler } from '../../../src/processing/handlers.ts'
import { over, type Planted, Table } from './world.ts'

const credits = new Table<number>()

const broken: Handler<'invoice.paid'> = async ({ data: { object } }) => {
  await credits.change(String(object.customer), (before = 0) => before + 100)
}

const TABLES = `
  create table if not exists seen (event text primary key) without rowid;
  create table if not exists credits (customer text primary key, credits integer not null) without rowid;`
const ADD = 'insert into credits values (?, 100) on conflict do update set credits = credits + 100'

const mended: Handler<'invoice.paid'> = async ({ id, data: { object } }, { transaction }) => {
  await transaction((db) => {
    db.exec(TABLES)
    const { changes } = db.prepare('insert or ignore into seen values (?)').run(id)
    if (changes > 0) db.prepare(ADD).run(String(object.customer))
  })
}

const creditsIn = (db: DatabaseSync) => {
  db.exec(TABLES)
  return db.prepare('select * from credits').all()
}

export const planted: Planted = {
  broken: { tried: { 'invoice.paid': broken }, options: over({ credits }) },
  mended: {
    tried: { 'invoice.paid': mended },
    options: { reset() {}, state: ({ db }) => ({ credits: creditsIn(db) }) },
  },
  says: [/worked again/, /credits\.cus_\w+: 100 in a clean pass, 200 now/],
}
