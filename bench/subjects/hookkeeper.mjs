import { join } from 'node:path'
import { destination, pino } from 'pino'
import { createCluster } from '../../dist/index.js'
import { timing } from './timing.mjs'

// Hookkeeper as a user embeds it, as published: the defaults with everything on, a handler that does nothing (`timed`: but notes
// that it was reached; `takesMs`: but waits), free ports, and a ledger in SQLite unless a `url` says where there is a Postgres.
// Plain JavaScript all through, for what strips types from .ts files is not the product's and takes 16 MB. Its log goes to
// standard error, which the harness leads into a file: standard output is for what the harness asks.
// This is the one file of the bench that knows the product's surface.
const TOKEN = 'bench-token-0123456789'
const { dir, secret, url, directUrl, brokerUrl, roles, timed, takesMs, concurrency } = JSON.parse(
  process.argv[2] ?? '{}',
)

const cluster = createCluster({
  databaseUrl: url ?? `sqlite:${join(dir, 'hookkeeper.db')}`,
  ...(url && { databaseDirectUrl: directUrl, migrate: 'apply' }),
  ...(brokerUrl && { broker: { url: brokerUrl } }),
  ...(concurrency && { processing: { concurrency } }),
  accounts: { default: { webhookSecrets: secret } },
  ingestion: { host: '127.0.0.1', port: 0 },
  console: { port: 0, token: TOKEN },
  logger: pino({ level: 'info', base: null }, destination(2)),
})
const times = timed ? await timing() : null
const takes = takesMs ? () => new Promise((resolve) => setTimeout(resolve, takesMs)) : () => {}
cluster.on('*', times?.handled ?? takes)
process.once('SIGTERM', () => cluster.stop().then(() => process.exit(0)))

await cluster.start(roles)
const port = Number(new URL(cluster.publicAddress() ?? 'http://127.0.0.1:0').port)
const api = { url: cluster.privateAddress(), token: TOKEN }
process.stdout.write(`${JSON.stringify({ port, api, times: times?.at })}\n`)
// Ends with the harness, even with one that was killed.
process.stdin.on('end', () => process.exit(0)).resume()
