import { Queue, Worker } from 'bullmq'
import express from 'express'
import Stripe from 'stripe'
import { peerTiming } from '../../bench/subjects/timing.mjs'

// Express as Stripe's documentation writes the route, BullMQ as its guide to production has it: the event's id is the job's, and
// finished jobs stay for as long as Stripe may send an event again. The worker is in the same process.
const { secret, url, works } = JSON.parse(process.argv[2])
const KEPT = { age: 4 * 24 * 3_600 }
const connection = { url }
const times = await peerTiming()

const queue = new Queue('stripe', {
  connection,
  defaultJobOptions: {
    attempts: 8,
    backoff: { type: 'exponential', delay: 1_000 },
    removeOnComplete: KEPT,
    removeOnFail: KEPT,
  },
})

const app = express()
app.use((request, _response, next) => {
  request.arrivedAt = performance.now()
  next()
})
app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), async (request, response) => {
  let event
  try {
    event = Stripe.webhooks.constructEvent(request.body, request.headers['stripe-signature'], secret)
  } catch (error) {
    response.status(400).send(`Webhook Error: ${error.message}`)
    return
  }
  await queue.add(event.type, { event, arrivedAt: request.arrivedAt }, { jobId: event.id })
  times.taken()
  response.json({ received: true })
})

const handle = async ({ data: { event, arrivedAt } }) => times.handled(event, arrivedAt)
const worker = works ? new Worker('stripe', handle, { connection, concurrency: 50 }) : null
for (const part of [queue, worker]) part?.on('error', (error) => process.stderr.write(`${error}\n`))
await queue.waitUntilReady()
await worker?.waitUntilReady()

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port, api: times.at, times: times.at })}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
