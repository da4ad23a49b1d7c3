import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Envelope } from '../../../src/core/event.ts'

/** A folder of its own, and the path of a ledger in it. */
export function ledgerPath(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'arrivals-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return join(dir, 'ledger.db')
}

export const event = (id: string, changes: Partial<Envelope> = {}): Envelope => ({
  id,
  type: 'invoice.paid',
  tenant: { account: 'default', connected: null, livemode: false },
  apiVersion: '2026-04-22.dahlia',
  createdAt: Date.now(),
  object: `in_${id}`,
  customer: `cus_${id}`,
  endpoint: 'default',
  via: 'webhook',
  body: Buffer.from(JSON.stringify({ id, text: 'Grüße, 世界' })),
  lane: `default/test:cus_${id}`,
  rank: 1,
  urgency: 'soon',
  as: 'work',
  ...changes,
})
