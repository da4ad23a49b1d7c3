import { createRequire } from 'node:module'
import fastify from 'fastify'

// Supabase's mirror of Stripe behind Fastify, as its README sets it up. It works inside the request: the 200 comes when the charge is
// in its table.
// Its ES module cannot find its own migrations, logs that and says that it finished; the CommonJS one can.
const { runMigrations, StripeSync } = createRequire(import.meta.url)('@supabase/stripe-sync-engine')
const { secret, url } = JSON.parse(process.argv[2])

await runMigrations({ databaseUrl: url, schema: 'stripe' })
const sync = new StripeSync({
  poolConfig: { connectionString: url, max: 10 },
  stripeSecretKey: 'sk_test_never_used',
  stripeWebhookSecret: secret,
})

const app = fastify()
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhooks/stripe', async (request, reply) => {
  try {
    await sync.processWebhook(request.body, request.headers['stripe-signature'])
  } catch (error) {
    if (error.type !== 'StripeSignatureVerificationError') throw error
    return reply.code(400).send(`Webhook Error: ${error.message}`)
  }
  return { received: true }
})

await app.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`${JSON.stringify({ port: app.server.address().port })}\n`)
process.stdin.on('end', () => process.exit(0)).resume()
