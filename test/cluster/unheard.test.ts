import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { openPool, sqlOver } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Ledger, Want } from '../../src/store/store.ts'
import { DONE, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { type Question, Wire } from './between.ts'
import { database, until } from './on-postgres.ts'

const given = { skip: postgres.skip }
const WANT: Want = { max: 100, waitMs: 1_000, worker: 'w', release: 'r', handles: [handler()] }
/** Enough for some of them to be in each bucket. */
const EVENTS = 60
const IN_VAIN_MAX = 8

// Whoever has the buckets by then takes him for at work on them, since he lives: they waited for the end of their leases.
test('leases that reached no worker are given back by who has lost their buckets meanwhile', given, async (t) => {
  const url = await database(t)
  const pool = await openPool({ url, connectionsMax: 8, name: 'test' })
  const wire = new Wire(pool)
  const one = await openPostgres({ url, migrates: true, pool })
  const other = await openPostgres({ url })
  const sql = sqlOver(await openPool({ url, connectionsMax: 1, name: 'test' }))
  t.after(() => Promise.all([one.close(), other.close(), sql.close()]))
  const ids = Array.from({ length: EVENTS }, (_, n) => `evt_${n}`)
  await one.ledger.admit(ids.map((id, n) => envelope(systemClock, { id, customer: `cus_${n}` })))

  const left = new Set(ids)
  const beside = Promise.withResolvers<number>()
  // All are leased and nobody hears of it; and when they are about to be given back the other has come.
  const joined = async () => {
    beside.resolve(worked(other.ledger, left))
    await until(sql, 'select count(*) = 2 as so from hookkeeper_members where works')
    throw reset()
  }
  const unheard = async () => {
    wire.once({ fits: named('rewrite'), before: joined })
    throw reset()
  }
  wire.once({ fits: named('lease'), after: unheard })
  await assert.rejects(one.ledger.lease(WANT), { code: 'store_failed' })
  const counts = await Promise.all([worked(one.ledger, left), beside.promise])

  assert.deepEqual([...left], [])
  assert.ok(Math.min(...counts) > 0, `they worked ${counts.join(' and ')}`)
})

/** Works what there is until none is left, or it is given nothing any more; resolves to how many it worked. */
async function worked(ledger: Ledger, left: Set<string>): Promise<number> {
  let count = 0
  for (let inVain = 0; left.size > 0 && inVain < IN_VAIN_MAX; inVain++) {
    const works = await ledger.lease(WANT)
    if (works.length > 0) inVain = 0
    await ledger.settle(works.map((work) => ({ work, outcome: DONE, returned: [] })))
    for (const { event } of works) left.delete(event.id)
    count += works.length
  }
  return count
}

const named =
  (statement: string) =>
  ({ name }: Question) =>
    name === `hookkeeper_${statement}`

const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })
