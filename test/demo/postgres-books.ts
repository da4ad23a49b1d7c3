import { Pool } from 'pg'
import type { Books } from '../../src/cli/demo/books.ts'
import { asked } from '../services/postgres-client.ts'

/** A database of its own in a Postgres, with the ledger and the shop's books in it. */
export async function postgresBooks(
  server: string,
  { name, ours }: { name: string; ours: boolean },
): Promise<Books & { url: string; leave(): Promise<void> }> {
  const database = name.replaceAll('-', '_')
  await asked(server, `create database ${database}`)
  const url = new URL(server)
  url.pathname = `/${database}`
  await asked(url.href, 'create table revenue (currency text primary key, amount bigint not null)')
  const pool = new Pool({ connectionString: url.href, max: 8 })
  pool.on('connect', (client) => client.on('error', () => {})) // a connection that breaks is replaced by the next
  pool.on('error', () => {})
  return {
    url: url.href,
    async book({ currency, amount }, { settleIn }) {
      const client = await pool.connect()
      try {
        await client.query('begin')
        await client.query(SUM, [currency, amount])
        await settleIn(client)
        await client.query('commit')
        client.release()
      } catch (error) {
        client.release(true) // and with it the transaction
        throw error
      }
    },
    async booked() {
      const { rows } = await pool.query<{ currency: string; amount: string }>('select currency, amount from revenue')
      return Object.fromEntries(rows.map(({ currency, amount }) => [currency, Number(amount)]))
    },
    async leave() {
      await pool.end()
      if (!ours) await asked(server, `drop database ${database} with (force)`)
    },
  }
}

const SUM =
  'insert into revenue values ($1, $2) on conflict (currency) do update set amount = revenue.amount + excluded.amount'
