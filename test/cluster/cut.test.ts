import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Pool } from 'pg'
import { systemClock } from '../../src/core/clock.ts'
import { openPool } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Ledger, Want } from '../../src/store/store.ts'
import { DONE, handler, retry } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { database } from './on-postgres.ts'

const given = { skip: postgres.skip }
const WANT: Want = { max: 10, waitMs: 10_000, worker: 'w', release: 'r', handles: [handler()] }

test(
  'a result whose connection breaks before it is written is written by another: its event is worked once',
  given,
  async (t) => {
    const { ledger, cut } = await opened(t)
    const work = await leased(ledger)

    cut('hookkeeper_done', 'before')
    const answers = await ledger.settle([{ work, outcome: DONE, returned: [] }])

    assert.deepEqual(answers, ['settled'])
    assert.deepEqual(await attempts(ledger, work.ref), ['done'])
  },
)

test('a result whose connection breaks before its answer has come is not written twice', given, async (t) => {
  const { ledger, cut } = await opened(t)
  const work = await leased(ledger)

  cut('hookkeeper_done', 'after')
  const answers = await ledger.settle([{ work, outcome: DONE, returned: [] }])

  assert.deepEqual(answers, ['already'])
  assert.deepEqual(await attempts(ledger, work.ref), ['done'])
})

for (const when of ['before', 'after'] as const) {
  test(
    `a lease whose connection breaks ${when} it is written reaches no worker, and counts for nothing`,
    given,
    async (t) => {
      const { ledger, cut } = await opened(t)
      await ledger.admit([envelope(systemClock, { id: 'evt_1' })])

      cut('hookkeeper_lease', when)
      await assert.rejects(ledger.lease(WANT), { code: 'store_failed' })
      const [work] = await ledger.lease(WANT)

      assert.equal(work?.attempt, 1)
      assert.equal(work.lost, 0)
    },
  )
}

test('one write that fails is no reason to read again all that waits', given, async (t) => {
  const { ledger, cut, asked } = await opened(t)
  await ledger.admit(Array.from({ length: 50 }, () => envelope(systemClock)))
  const work = await leased(ledger)

  cut('hookkeeper_done', 'before')
  asked.length = 0
  await ledger.settle([{ work, outcome: DONE, returned: [] }])

  const told = asked.filter(({ name }) => name === 'hookkeeper_look').map(({ rows }) => rows)
  assert.ok(Math.max(0, ...told) < 50, `looks have told ${told} rows`)
})

test('buckets that were taken by an answer that never came are worked all the same', given, async (t) => {
  const { ledger, cut } = await opened(t)
  const events = Array.from({ length: 200 }, (_, n) => envelope(systemClock, { customer: `cus_${n}` }))
  await ledger.admit(events)

  cut(TAKES, 'after')
  const worked = new Set<string>()
  while (worked.size < events.length) {
    const works = await ledger.lease({ ...WANT, max: 100 }).catch(() => [])
    for (const { event } of works) worked.add(event.id)
    await ledger.settle(works.map((work) => ({ work, outcome: DONE, returned: [] })))
  }
  assert.equal((await ledger.backlog()).ready, 0)
})

test('a strict handler holds up its lane also where all was read anew while it ran', given, async (t) => {
  const { ledger, cut } = await opened(t)
  const first = envelope(systemClock, { customer: 'cus_a' })
  await ledger.admit([first, envelope(systemClock, { customer: 'cus_a' })])
  const want = { ...WANT, handles: [handler({ strict: true })] }
  const [work] = await ledger.lease(want)

  cut('hookkeeper_look', 'before', 2)
  await ledger.backlog()
  await ledger.settle([{ work: work!, outcome: retry(3_600_000), returned: [] }])

  assert.equal(work?.event.id, first.id)
  assert.deepEqual(await ledger.lease({ ...want, waitMs: 0 }), [])
})

test('a ledger whose server has gone away while something was being written closes all the same', given, async (t) => {
  const { ledger, cut, close } = await opened(t)
  const work = await leased(ledger)

  cut('', 'before', Number.POSITIVE_INFINITY)
  await assert.rejects(ledger.settle([{ work, outcome: DONE, returned: [] }]), { code: 'store_failed' })
  await close()
})

const TAKES = 'update hookkeeper_buckets b set owner'

async function leased(ledger: Ledger) {
  await ledger.admit([envelope(systemClock)])
  const [work] = await ledger.lease({ ...WANT, max: 1 })
  return work!
}

async function attempts(ledger: Ledger, ref: number): Promise<unknown> {
  const story = await ledger.open(ref)
  return story?.timeline.map((one) => one.kind === 'attempt' && one.outcome)
}

type When = 'before' | 'after'

/** A ledger of which the next statement of some name, or of some text, can be cut off, before or after the server has done it. */
async function opened(t: TestContext) {
  const url = await database(t)
  const pool = await openPool({ url, connectionsMax: 8, name: 'test' })
  const asked: { name: string; rows: number }[] = []
  let next: { name: string; when: When; times: number } | null = null
  const take = (name: string, when: When): void => {
    if (!next || !name.includes(next.name) || next.when !== when) return
    if (--next.times === 0) next = null
    throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
  }
  between(pool, async (name, query) => {
    take(name, 'before')
    const result = await query()
    asked.push({ name, rows: (result as { rows: unknown[] }).rows.length })
    take(name, 'after')
    return result
  })
  const { ledger, close } = await openPostgres({ url, migrates: true, pool })
  t.after(() => close())
  const cut = (name: string, when: When, times = 1) => void (next = { name, when, times })
  return { ledger, cut, asked, close }
}

/** Everything that is asked goes through `ask`, by its name or, where it has none, its text. */
function between(pool: Pool, ask: (name: string, query: () => Promise<unknown>) => Promise<unknown>): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
    const asked = (...args: [{ name?: string; text?: string }, ...unknown[]]) => {
      const name = args[0].name ?? args[0].text
      return name ? ask(name, () => query(...args)) : query(...args)
    }
    client.query = asked as unknown as typeof client.query
  })
}
