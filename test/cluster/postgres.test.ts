import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { createCluster } from '../../src/cluster.ts'
import { silent } from '../../src/core/service.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { asked } from '../services/postgres-client.ts'
import { cluster, database, delivery } from './on-postgres.ts'

test('what one process takes another works, once, on a ledger in Postgres', { skip: postgres.skip }, async (t) => {
  const url = await database(t)
  const worked: string[] = []
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const taking = cluster(t, url, 'ingestion')
  const working = cluster(t, url, 'processing')
  working.on('*', { name: 'count' }, ({ id }) => {
    worked.push(id)
    if (worked.length === 20) resolve()
  })
  await taking.start()
  await working.start()

  const ids = Array.from({ length: 20 }, (_, n) => `evt_${n}`)
  for (const id of [...ids, ...ids]) assert.equal((await taking.fetch(delivery(id))).status, 200)
  await all
  await Promise.all([taking.stop(), working.stop()])

  assert.deepEqual(worked.toSorted(), ids.toSorted())
})

test('a ledger in Postgres that is not there yet is refused with the command that makes it', {
  skip: postgres.skip,
}, async (t) => {
  const made = createCluster({ databaseUrl: await database(t), logger: silent })

  await assert.rejects(made.start(), (error: Error & { code?: string; remedy?: string }) => {
    assert.equal(error.code, 'schema_older')
    assert.match(error.remedy ?? '', /hookkeeper migrate/)
    return true
  })
})

test('what one process says of a restore another one heeds with its next event', { skip: postgres.skip }, async (t) => {
  const url = await database(t)
  const one = await openPostgres({ url, migrates: true })
  const other = await openPostgres({ url })
  t.after(() => Promise.all([one.close(), other.close()]))
  const now = Date.now()
  const made = { now: () => now - 60_000 }

  await one.ledger.restore(now - 3_600_000, { by: 'operator', why: 'the disk is gone' })
  await other.ledger.admit([envelope(made, { id: 'evt_before' })])
  await other.ledger.admit([envelope({ now: () => now + 60_000 }, { id: 'evt_after' })])

  const held = (await other.ledger.find({ held: true, limit: 10 })).data.map(({ id }) => id)
  assert.deepEqual(held, ['evt_before'])
})

test('pages follow one another also where the numbers of transactions get one more digit', {
  skip: postgres.skip,
}, async (t) => {
  const url = await database(t)
  const store = await openPostgres({ url, migrates: true })
  t.after(() => store.close())
  const [{ next }] = (await asked<{ next: string }>(url, 'select pg_current_xact_id()::text as next')) as [
    { next: string },
  ]
  const left = 10 ** next.length - Number(next)
  if (left > 100_000) return t.skip(`the next digit is ${left} transactions away`)
  const now = { now: () => Date.now() }
  const ids = Array.from({ length: 6 }, (_, n) => `evt_${n}`)
  for (const [n, id] of ids.entries()) {
    if (n === 3)
      await asked(
        url,
        `do $$ begin perform set_config('synchronous_commit', 'off', false); for n in 1..${left} loop perform pg_current_xact_id(); commit; end loop; end $$`,
      )
    await store.ledger.admit([envelope(now, { id })])
  }

  const found: string[] = []
  for (let cursor: string | null = null; ; ) {
    const page = await store.ledger.find({ limit: 2, cursor })
    found.push(...page.data.map(({ id }) => id))
    cursor = page.next
    if (cursor === null) break
  }
  assert.deepEqual(found, ids.toReversed())
})

// A worker that was told to stop while its lease was being made got nothing, and the event ran out as lost.
test('a lease that is called off while it is made is granted to nobody, and the event is free', {
  skip: postgres.skip,
}, async (t) => {
  const url = await database(t)
  const other = await openPostgres({ url, migrates: true })
  const stop = new AbortController()
  const pool = new pg.Pool({ connectionString: url })
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...asked: unknown[]) => unknown
    client.query = ((asked: { text?: string }, ...rest: unknown[]) => {
      if ((asked.text ?? String(asked)).includes('hookkeeper_bodies')) stop.abort()
      return query(asked, ...rest)
    }) as never
  })
  const store = await openPostgres({ url, pool })
  t.after(() => Promise.all([other.close(), store.close()]))
  await other.ledger.admit([envelope({ now: () => Date.now() }, { id: 'evt_free' })])
  const want = { max: 1, waitMs: 20_000, worker: 'w', release: 'r', handles: [handler({ name: 'one' })] }

  assert.deepEqual(await store.ledger.lease(want, stop.signal), [])
  assert.ok(stop.signal.aborted)
  const [work] = await store.ledger.lease(want)

  assert.deepEqual([work?.event.id, work?.attempt, work?.lost], ['evt_free', 1, 0])
})
