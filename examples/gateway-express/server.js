// The route as Stripe's documentation shows it. Nothing in it knows of Hookkeeper.
const stripe = require('stripe')('sk_test_...')
const express = require('express')
const app = express()

const endpointSecret = process.env.STRIPE_WEBHOOK_SECRET

app.post('/webhook', express.raw({ type: 'application/json' }), (request, response) => {
  const signature = request.headers['stripe-signature']
  let event
  try {
    event = stripe.webhooks.constructEvent(request.body, signature, endpointSecret)
  } catch (err) {
    console.log('Webhook signature verification failed.', err.message)
    return response.sendStatus(400)
  }

  switch (event.type) {
    case 'invoice.paid':
      console.log('paid', event.data.object.id, event.data.object.amount_paid)
      break
    default:
      console.log(`Unhandled event type ${event.type}.`)
  }

  response.send()
})

const server = app.listen(process.env.PORT ?? 3000, () => console.log('Running'))
process.once('SIGTERM', () => server.close())
