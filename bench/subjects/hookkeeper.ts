import { join } from 'node:path'
import { destination, pino } from 'pino'
import { readOptions } from './options.ts'
import { ready } from './reference.ts'

// Hookkeeper as a user embeds it: the defaults with everything on, a handler that does nothing, and free ports. Its log goes
// to standard error, which the harness leads into a file: standard output is for what the harness asks.
// This is the one file of the bench that knows the product's surface.
const TOKEN = 'bench-token-0123456789'
const { dir, secret, roles } = readOptions()

// As published: what strips types from .ts files is not the product's, and takes 16 MB.
const { createCluster }: typeof import('../../src/index.ts') = await import(
  String(new URL('../../dist/index.js', import.meta.url))
)
const cluster = createCluster({
  databaseUrl: `sqlite:${join(dir, 'hookkeeper.db')}`,
  accounts: { default: { webhookSecrets: secret } },
  ingestion: { host: '127.0.0.1', port: 0 },
  console: { port: 0, token: TOKEN },
  logger: pino({ level: 'info', base: null }, destination(2)),
})
cluster.on('*', () => {})
process.once('SIGTERM', () => cluster.stop().then(() => process.exit(0)))

await cluster.start(roles)
ready({ port: Number(new URL(cluster.publicAddress()!).port), api: { url: cluster.privateAddress()!, token: TOKEN } })
