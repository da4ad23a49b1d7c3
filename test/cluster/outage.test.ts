import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DONE } from '../../src/testing/scene.ts'
import { postgres } from '../services/postgres.ts'
import { later, until } from './on-postgres.ts'
import { of, two, WANT } from './two.ts'

const given = { skip: postgres.skip }
/** Longer than somebody may be silent. */
const OUTAGE_MS = 8_000

test(
  'who could say nothing while the database was away has not ended: whoever is back first takes nothing from the others',
  given,
  async (t) => {
    const { one, other, sql, wire, firstWire } = await two(t)
    await one.admit(Array.from({ length: 40 }, (_, n) => of(`evt_${n}`, `cus_${n}`)))
    const works = await other.lease({ ...WANT, max: 1 })
    const away = () => Promise.reject(new Error('the database is away'))
    for (const each of [wire, firstWire]) each.delay(away)
    later(t, OUTAGE_MS)
    await sql.rows(`update hookkeeper_members set seen = seen - interval '${OUTAGE_MS} ms'`)

    firstWire.delay(async () => {})
    await until(
      sql,
      "select seen > clock_timestamp() - interval '1 s' as so from hookkeeper_members where name = 'one'",
    )
    await one.lease({ ...WANT, max: 1, waitMs: 0 })
    wire.delay(async () => {})

    assert.deepEqual(await other.settle([{ work: works[0]!, outcome: DONE, returned: [] }]), ['settled'])
  },
)

test('one that asks for no more work leaves its buckets to those that do', given, async (t) => {
  const { one, other } = await two(t)
  const events = Array.from({ length: 60 }, (_, n) => of(`evt_${n}`, `cus_${n}`))
  await other.admit(events)

  later(t, OUTAGE_MS)
  const worked = new Set<string>()
  while (worked.size < events.length) {
    const works = await one.lease(WANT)
    for (const { event } of works) worked.add(event.id)
    await one.settle(works.map((work) => ({ work, outcome: DONE, returned: [] })))
  }
})
