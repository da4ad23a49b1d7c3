import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPool } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Ledger, Work } from '../../src/store/store.ts'
import { DONE } from '../../src/testing/scene.ts'
import { postgres } from '../services/postgres.ts'
import { database, later, until } from './on-postgres.ts'
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

for (const [what, looks] of [
  [
    'whose transactions have lower numbers',
    (head: Head) => ({ ...head, type: head.type.replace(/:\d+:/, ':999999:') }),
  ],
  ['that runs since another moment', (head: Head) => ({ ...head, place: head.place - 60 })],
] as const)
  test(`after a fail-over to a server ${what} all is told anew`, given, async (t) => {
    const pool = await openPool({ url: await database(t), connectionsMax: 8, name: 'test' })
    let before = true
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...asked: unknown[]) => Promise<{ rows: Head[] }>
      client.query = (async (asked: { name?: string }, ...rest: unknown[]) => {
        const answer = await query(asked, ...rest)
        if (!before || asked.name !== 'hookkeeper_look') return answer
        return { ...answer, rows: answer.rows.map((row) => (row.kind === 0 ? looks(row) : row)) }
      }) as never
    })
    const { ledger, close } = await openPostgres({ url: '', pool, migrates: true })
    t.after(() => close())
    assert.deepEqual(await ledger.lease({ ...WANT, waitMs: 0 }), [])
    before = false

    await ledger.admit([of('evt_1')])
    const works = await leased(ledger)

    assert.deepEqual(
      works.map(({ event }) => event.id),
      ['evt_1'],
    )
  })

/** The first row that a look gives: since when its server runs, and its snapshot. */
interface Head {
  readonly kind: number
  readonly place: number
  readonly type: string
}

/** Asked again where the ledger says that it cannot be asked just now. */
async function leased(ledger: Ledger): Promise<readonly Work[]> {
  for (;;) {
    const works = await ledger.lease(WANT).catch(() => [])
    if (works.length > 0) return works
  }
}
