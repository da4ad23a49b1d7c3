import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { silent } from '../../src/core/service.ts'
import { type Cluster, type ClusterOptions, createCluster } from '../../src/index.ts'
import type { Entry, Query } from '../../src/store/store.ts'
import { SECRET } from './delivery.ts'
import { databaseUrl, inPostgres } from './ledger.ts'
import { Sender } from './sender.ts'

/** A folder that goes with the test. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A cluster in this process, as a user embeds it: on a ledger by its name, or on one in a file of that folder. */
export function here(t: TestContext, at: string, options: ClusterOptions = {}): Cluster {
  const ledger = inPostgres(at) || at.endsWith('.db') ? at : join(at, 'ledger.db')
  const cluster = createCluster({
    databaseUrl: databaseUrl(ledger),
    accounts: { default: { webhookSecrets: SECRET } },
    ingestion: { host: '127.0.0.1', port: 0 },
    console: { port: 0 },
    logger: silent,
    ...options,
  })
  t.after(() => cluster.stop())
  return cluster
}

/** Stripe's side of a cluster that has started. */
export function senderTo(t: TestContext, cluster: Cluster): Sender {
  const sender = new Sender(cluster.publicAddress() ?? '')
  t.after(() => sender.close())
  return sender
}

/** Every event that a query finds. */
export async function found(cluster: Cluster, query: Partial<Query> = {}): Promise<Entry[]> {
  const entries: Entry[] = []
  let cursor: string | null = null
  do {
    const page = await cluster.store.ledger.find({ ...query, limit: 1_000, cursor })
    entries.push(...page.data)
    cursor = page.next
  } while (cursor !== null)
  return entries
}

/** How much a ledger holds, of events and of what is none. */
export async function stored(cluster: Cluster): Promise<{ events: number; strays: number }> {
  const strays = await cluster.store.ledger.strays(null, 10)
  return { events: (await found(cluster)).length, strays: strays.data.length }
}

const LOOK_MS = 10
const SETTLED_MS = 60_000

/** Resolves when nothing waits or runs any more. */
export async function allSettled(cluster: Cluster): Promise<void> {
  const until = performance.now() + SETTLED_MS
  for (;;) {
    const { ready, scheduled, held, running } = await cluster.store.ledger.backlog()
    if (ready + scheduled + held + running === 0) return
    if (performance.now() > until) throw new Error(`after ${SETTLED_MS} ms there is still work`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** A signal that a handler gives and a test awaits. */
export function signal<V = void>() {
  return Promise.withResolvers<V>()
}
