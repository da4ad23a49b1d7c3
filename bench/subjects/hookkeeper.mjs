import { join } from 'node:path'
import { destination, pino } from 'pino'
import { createCluster } from '../../dist/index.js'
import { timing } from './timing.mjs'

// Hookkeeper as a user embeds it, as published: the defaults with everything on, a handler that does nothing (`timed`: but notes
// that it was reached), and free ports.
// Plain JavaScript all through, for what strips types from .ts files is not the product's and takes 16 MB. Its log goes to
// standard error, which the harness leads into a file: standard output is for what the harness asks.
// This is the one file of the bench that knows the product's surface.
const TOKEN = 'bench-token-0123456789'
const { dir, secret, roles, timed } = JSON.parse(process.argv[2] ?? '{}')

const cluster = createCluster({
  databaseUrl: `sqlite:${join(dir, 'hookkeeper.db')}`,
  accounts: { default: { webhookSecrets: secret } },
  ingestion: { host: '127.0.0.1', port: 0 },
  console: { port: 0, token: TOKEN },
  logger: pino({ level: 'info', base: null }, destination(2)),
})
const times = timed ? await timing() : null
cluster.on('*', times?.handled ?? (() => {}))
process.once('SIGTERM', () => cluster.stop().then(() => process.exit(0)))

await cluster.start(roles)
const port = Number(new URL(cluster.publicAddress()).port)
const api = { url: cluster.privateAddress(), token: TOKEN }
process.stdout.write(`${JSON.stringify({ port, api, times: times?.at })}\n`)
// Ends with the harness, even with one that was killed.
process.stdin.on('end', () => process.exit(0)).resume()
