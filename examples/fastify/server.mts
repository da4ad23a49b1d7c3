import Fastify from 'fastify'
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

const app = Fastify()
app.register(async (app) => {
  // In this plugin alone nothing reads the body: the signature is over the bytes as they came.
  app.addContentTypeParser('application/json', (_request, _payload, done) => done(null))
  app.post('/webhooks/stripe', (request, reply) => {
    reply.hijack()
    return cluster.node(request.raw, reply.raw)
  })
})
app.addHook('onClose', () => cluster.stop())

const port = Number(process.env.PORT ?? 3000)
await app.listen({ port })
console.log(`Stripe posts to http://localhost:${port}/webhooks/stripe`)

process.once('SIGTERM', () => app.close())
