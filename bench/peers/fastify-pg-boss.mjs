import { createHash } from 'node:crypto'
import fastify from 'fastify'
import { PgBoss } from 'pg-boss'
import Stripe from 'stripe'
import { peerTiming } from '../../bench/subjects/timing.mjs'

// Fastify with the body left as bytes, pg-boss with its defaults: a job's id is made of the event's, and a job that is there already
// is not added again. Workers poll as often as pg-boss lets them or, with `notify`, are woken by Postgres.
const { secret, url, works, notify = false } = JSON.parse(process.argv[2])
const QUEUE = 'stripe'
const times = await peerTiming()

const boss = new PgBoss({ connectionString: url, useListenNotify: notify })
boss.on('error', (error) => process.stderr.write(`${error}\n`))
await boss.start()
await boss.createQueue(QUEUE, { retryLimit: 8, retryBackoff: true, notify })

const app = fastify()
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.decorateRequest('arrivedAt', 0)
app.addHook('onRequest', async (request) => {
  request.arrivedAt = performance.now()
})
app.post('/webhooks/stripe', async (request, reply) => {
  let event
  try {
    event = Stripe.webhooks.constructEvent(request.body, request.headers['stripe-signature'], secret)
  } catch (error) {
    return reply.code(400).send(`Webhook Error: ${error.message}`)
  }
  await boss.send(QUEUE, { event, arrivedAt: request.arrivedAt }, { id: jobId(event.id) })
  times.taken()
  return { received: true }
})

const POLLING = { batchSize: 100, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 }
const handle = async (jobs) => {
  for (const { data } of jobs) times.handled(data.event, data.arrivedAt)
}
if (works) await boss.work(QUEUE, POLLING, handle)

/** pg-boss wants a UUID: the same one for the same event. */
function jobId(eventId) {
  const hex = createHash('sha256').update(eventId).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

await app.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`${JSON.stringify({ port: app.server.address().port, api: times.at, times: times.at })}\n`)
process.stdin.on('end', () => process.exit(0)).resume()
