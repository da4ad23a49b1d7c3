import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../../src/core/clock.ts'
import type { Outcome } from '../../../src/core/outcome.ts'
import { openSqlite } from '../../../src/store/sqlite.ts'
import { envelope } from '../../chaos/virtual.ts'

const HANDLES = [{ pattern: '*', name: 'one', leaseMs: 30_000, room: 10_000, strict: false }]
const WORKED: Outcome = { kind: 'done', reason: 'worked' }
const DEAD: Outcome = { kind: 'dead', reason: 'exhausted', error: null }

export interface Kind {
  readonly type: string
  readonly count: number
  readonly dead?: boolean
}

/** How many ways `payout.paid` goes in handlers.ts, by the number in its event's id. */
export const WAYS = 9

export const CANARY = 'canary@example.com'

/** A ledger with events of these types that an earlier release has ended, each with what `once` remembered. */
export async function recorded(path: string, kinds: readonly Kind[]): Promise<void> {
  const store = await openSqlite({ path })
  for (const { type, count, dead } of kinds) {
    const events = Array.from({ length: count }, (_, n) => {
      const id = `evt_${type.replace('.', '_')}_${n}`
      const object = { id: `obj_${id}`, email: CANARY }
      const body = Buffer.from(JSON.stringify({ id, object: 'event', type, data: { object } }))
      return envelope(systemClock, { id, type, object: object.id, customer: `cus_${id}`, body })
    })
    await store.ledger.admit(events)
    const want = { max: count, waitMs: 0, worker: 'w', release: 'before', handles: HANDLES }
    const work = await store.ledger.lease(want)
    await Promise.all(work.map((one) => store.ledger.remember(one, `once:${type}/mail`, ['sent before'])))
    const outcome = dead ? DEAD : WORKED
    await store.ledger.settle(work.map((one) => ({ work: one, outcome, returned: [] })))
  }
  await store.close()
  const db = new DatabaseSync(path)
  db.exec('create table seen (event text primary key)')
  db.exec("insert into seen values ('evt_refund_created_0')")
  db.close()
}
