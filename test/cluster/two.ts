import type { TestContext } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { openPool, type Sql, sqlOver } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Ledger, Want } from '../../src/store/store.ts'
import { DONE, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { Wire } from './between.ts'
import { database, until } from './on-postgres.ts'

export const WANT: Want = { max: 10, waitMs: 10_000, worker: 'w', release: 'r', handles: [handler()] }

export const of = (id: string, customer = 'cus_a') => envelope(systemClock, { id, customer })

export const ALL_OWNED = 'select count(distinct owner) = 1 and count(owner) = count(*) as so from hookkeeper_buckets'

interface Two {
  readonly one: Ledger
  readonly other: Ledger
  readonly sql: Sql
  /** Of the other one, which came later. */
  readonly wire: Wire
  /** Of the first. */
  readonly firstWire: Wire
}

/** Two that work and share the buckets. */
export async function two(t: TestContext): Promise<Two> {
  const url = await database(t)
  const opened = async (name: string) => {
    const pool = await openPool({ url, connectionsMax: 8, name: 'test' })
    const wire = new Wire(pool)
    return { wire, store: await openPostgres({ url, pool, name, migrates: true }) }
  }
  const { wire: firstWire, store: first } = await opened('one')
  const { wire, store: second } = await opened('other')
  const sql = sqlOver(await openPool({ url, connectionsMax: 1, name: 'test' }))
  t.after(() => first.close())
  t.after(() => second.close())
  t.after(() => sql.close())
  await first.ledger.admit([of('evt_first', 'cus_first')])
  const [work] = await first.ledger.lease(WANT)
  await first.ledger.settle([{ work: work!, outcome: DONE, returned: [] }])
  await until(sql, ALL_OWNED)
  await second.ledger.lease({ ...WANT, waitMs: 0 })
  await until(
    sql,
    `select count(*) = 2 and min(c) = max(c) as so
     from (select count(*) as c from hookkeeper_buckets where owner is not null group by owner) b`,
  )
  return { one: first.ledger, other: second.ledger, sql, wire, firstWire }
}
