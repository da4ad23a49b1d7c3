import { systemClock } from '../../src/core/clock.ts'
import { asked, connectedTo } from '../../test/services/postgres-client.ts'
import type { Figures, Settings } from '../harness.ts'
import { closedLoop, withSubject } from '../ingest.ts'
import { openLedger } from '../ledger/open.ts'
import { measure } from '../measure.ts'
import type { Running } from '../subjects/subject.ts'

const DAY_MS = 86_400_000
const DAYS = 30
/** The last of the month is older than that. */
const KEPT_DAYS = 30
const BODY_BYTES = 2_919
/** Until all are dropped it is measured again, and the worst counts. */
const WINDOWS_MAX = 5

/** Ingestion's p99 while a month of bodies is dropped, beside its own before. */
export function dropping({ quick, dir }: Settings): Promise<Figures> {
  return withSubject('postgres', dir, async (running) => {
    await month(urlOf(running), { perDay: quick ? 500 : 5_000, now: systemClock.now() })
    const load = closedLoop(quick)
    await measure(running, load)
    const before = await measure(running, load)
    // Whoever keeps bodies for so long has the whole month to drop at once.
    const store = await openLedger(urlOf(running), 'threaded', { bodyDays: KEPT_DAYS, eventDays: 90, everyMs: 100 })
    const during = [await measure(running, { ...load, warmUpMs: 0 })]
    while ((await bodies(urlOf(running))) > 0 && during.length < WINDOWS_MAX)
      during.push(await measure(running, { ...load, warmUpMs: 0 }))
    const left = await bodies(urlOf(running))
    await store.close()
    if (left > 0) throw new Error(`${left} old bodies are left: the load ended before they were dropped.`)
    const worst = Math.max(...during.map(({ p99 }) => p99))
    const slowest = Math.min(...during.map(({ rate }) => rate))
    return {
      p99: [before.p99, 'ms'],
      p99_dropping: [worst, 'ms'],
      p99_times: [worst / before.p99, 'times'],
      rate_times: [slowest / before.rate, 'times'],
    }
  })
}

function urlOf({ url }: Running): string {
  if (!url) throw new Error('This subject has no database.')
  return url
}

const firstDay = (now: number) => Math.floor(now / DAY_MS) - KEPT_DAYS - DAYS - 1

const month = (url: string, { perDay, now }: { perDay: number; now: number }): Promise<void> =>
  connectedTo(url, async (client) => {
    for (let day = firstDay(now); day < firstDay(now) + DAYS; day++) {
      for (const name of ['seen', 'bodies', 'history'])
        await client.query(
          `create table hookkeeper_${name}_${day} partition of hookkeeper_${name} for values from (${day}) to (${day + 1})`,
        )
      await client.query(
        `insert into hookkeeper_seen (day, id, tenant, bucket, n, arrived, type, endpoint, via, created, lane, rank, urgency, recorded)
         select ${day}, 'evt_' || ${day} || '_' || i, 'test  default', i % 16, ${day}::int8 * 100000 + i, ${day * DAY_MS}::int8 * 1000 + i,
           'charge.succeeded', 'default', 0, ${day * DAY_MS}, 'default/test:cus_' || i, 16, 1, false from generate_series(1, ${perDay}) i`,
      )
      await client.query(
        `insert into hookkeeper_bodies select ${day}, i % 16, ${day}::int8 * 100000 + i, decode(repeat(md5(i::text), ${Math.ceil(BODY_BYTES / 16)}), 'hex')
         from generate_series(1, ${perDay}) i`,
      )
    }
    await client.query('vacuum analyze')
  })

async function bodies(url: string): Promise<number> {
  const [counted] = await asked<{ left: number }>(
    url,
    'select count(*)::int4 as left from hookkeeper_bodies where day between $1 and $2',
    [firstDay(systemClock.now()), firstDay(systemClock.now()) + DAYS - 1],
  )
  return counted!.left
}
