import { createCluster, globalCluster } from 'hookkeeper'
import { shop } from './shop'

// DATABASE_URL=postgres://... and STRIPE_WEBHOOK_SECRET=whsec_... in the environment. Nothing is started: each call below is a
// bounded piece of work, so the function may be frozen between them.
export const cluster = globalCluster(() => {
  const cluster = createCluster()

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

  return cluster
})
