import { createServer } from 'node:http'
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

await cluster.start(['processing']) // the server below takes the events

const server = createServer((req, res) => {
  if (req.url === '/webhooks/stripe') return cluster.node(req, res)
  res.writeHead(404).end()
})

const port = Number(process.env.PORT ?? 3000)
server.listen(port, () => console.log(`Stripe posts to http://localhost:${port}/webhooks/stripe`))

process.once('SIGTERM', () => server.close(() => cluster.stop()))
