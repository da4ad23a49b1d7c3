import { createCluster } from 'hookkeeper'
import { Pool } from 'pg'

// DATABASE_URL, BROKER_URL and STRIPE_WEBHOOK_SECRET in the environment, as template.yaml sets them. Nothing is started: each
// function below is a bounded piece of work, so it may be frozen between two calls.
export const cluster = createCluster()

// Your tables, in the database in which the ledger is: what a handler writes and the ledger's memory of it commit together.
const shop = new Pool({ connectionString: process.env.DATABASE_URL, max: 2 })
shop.on('connect', (client) => client.on('error', () => {})) // a connection that breaks is replaced by the next
shop.on('error', () => {})

cluster.on('invoice.paid', async (event, { settleIn }) => {
  const invoice = event.data.object
  const client = await shop.connect()
  try {
    await client.query('begin')
    await client.query('insert into paid (event, cents) values ($1, $2)', [event.id, invoice.amount_paid])
    await settleIn(client)
    await client.query('commit')
    client.release()
  } catch (error) {
    client.release(true) // the connection goes, and the transaction with it
    throw error
  }
})
