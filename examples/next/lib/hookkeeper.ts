import { createCluster, globalCluster } from 'hookkeeper'

// Next evaluates this module several times in one process; globalCluster keeps one cluster and renews its handlers.
export const cluster = globalCluster(() => {
  const cluster = createCluster() // STRIPE_WEBHOOK_SECRET=whsec_... in the environment

  cluster.on('invoice.paid', async (event, { transaction }) => {
    const invoice = event.data.object
    await transaction((db) => {
      db.exec('create table if not exists paid (event text primary key, cents integer)')
      db.prepare('insert into paid values (?, ?)').run(event.id, invoice.amount_paid)
    })
    console.log('paid', invoice.id, invoice.amount_paid)
  })

  return cluster
})
