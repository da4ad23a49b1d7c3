import express from 'express'
import { createCluster } from 'hookkeeper'

const cluster = createCluster() // STRIPE_WEBHOOK_SECRET=whsec_... in the environment

cluster.on('invoice.paid', async (event, { transaction }) => {
  const invoice = event.data.object
  await transaction((db) => {
    db.exec('create table if not exists paid (event text primary key, cents integer)')
    db.prepare('insert into paid values (?, ?)').run(event.id, invoice.amount_paid)
  })
  console.log('paid', invoice.id, invoice.amount_paid)
})

await cluster.start(['processing']) // the route below takes the events

const app = express()
app.post('/webhooks/stripe', cluster.node) // above express.json(): the signature is over the bytes as they came
app.use(express.json())

const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, () => console.log(`Stripe posts to http://localhost:${port}/webhooks/stripe`))

process.once('SIGTERM', () => server.close(() => cluster.stop()))
