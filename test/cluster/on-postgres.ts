import type { TestContext } from 'node:test'
import { type Cluster, createCluster } from '../../src/cluster.ts'
import type { Role } from '../../src/config.ts'
import { silent } from '../../src/core/service.ts'
import type { Sql } from '../../src/store/postgres/driver.ts'
import { eventBody, SECRET, signatureOf } from '../chaos/delivery.ts'
import { pause } from '../chaos/settle.ts'
import { ownSchema } from '../conformance/postgres.ts'
import { postgres } from '../services/postgres.ts'

/** The URL of a ledger of this test's own, which is not there yet. */
export async function database(t: TestContext): Promise<string> {
  const { direct, drop } = await ownSchema(await postgres.ready())
  t.after(drop)
  return direct
}

/** A process's cluster in one role. */
export function cluster(t: TestContext, databaseUrl: string, role: Role): Cluster {
  const made = createCluster({
    databaseUrl,
    migrate: 'apply',
    roles: [role],
    accounts: { default: { webhookSecrets: SECRET } },
    ingestion: { host: '127.0.0.1', port: 0 },
    console: { port: 0 },
    logger: silent,
  })
  t.after(() => made.stop())
  return made
}

export function delivery(id: string, customer = 'cus_1'): Request {
  const body = eventBody({ id, customer })
  const headers = { 'stripe-signature': signatureOf(body) }
  return new Request('http://localhost/webhooks/stripe', { method: 'POST', headers, body: new Uint8Array(body) })
}

/** Asked of the database over and over whether it is `so`: there is nothing to be told by. */
export async function until(sql: Sql, question: string): Promise<void> {
  for (;;) {
    const [row] = await sql.rows<{ so: boolean }>(question)
    if (row?.so) return
    await pause(LOOK_MS)
  }
}

const LOOK_MS = 20

/** From now on this process takes it for so much later, until what this gives is called. */
export function later(t: TestContext, ms: number): () => void {
  const now = performance.now.bind(performance)
  const { mock } = t.mock.method(performance, 'now', () => now() + ms)
  return () => mock.restore()
}
