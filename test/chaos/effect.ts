import type { Pool } from 'pg'
import type { Handler } from '../../src/index.ts'
import { inPostgres } from './ledger.ts'

/** A row for each run that commits, with no key that could hide a second one: where the ledger is, in one commit with it. */
export const commitEffect: Handler = (event, context) =>
  inPostgres(process.env['DATABASE_URL'] ?? '') ? intoPostgres(event, context) : intoSqlite(event, context)

const intoSqlite: Handler = ({ id }, { transaction, lane, fence, attempt }) =>
  transaction((db) => {
    db.exec(EFFECTS)
    db.prepare('insert into effects (event_id, lane, fence, attempt) values (?, ?, ?, ?)').run(id, lane, fence, attempt)
  })

const EFFECTS = `create table if not exists effects
  (n integer primary key, event_id text, lane text, fence integer, attempt integer)`

/** By a pool of the handler's own, as users have one. */
const intoPostgres: Handler = async ({ id }, { settleIn, lane, fence, attempt }) => {
  const client = await (await shop()).connect()
  try {
    // In one question: with more the round trips of a trial are most of what it costs. A process that is frozen in it lets go after a while.
    const row = [id, lane].map((text) => client.escapeLiteral(text))
    await client.query(
      `begin; set local idle_in_transaction_session_timeout = '10s';
       insert into effects (event_id, lane, fence, attempt) values (${[...row, fence, attempt]})`,
    )
    await settleIn(client)
    await client.query('commit')
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}

let pool: Promise<Pool> | undefined

const shop = (): Promise<Pool> =>
  (pool ??= import('pg').then(({ default: pg }) => {
    const made = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 })
    made.on('error', () => {})
    made.on('connect', (client) => client.on('error', () => {}))
    return made
  }))
