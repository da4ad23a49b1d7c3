import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { database, later } from './on-postgres.ts'

const AHEAD_MS = 2_000

test('what a process admitted whose clock is ahead is ready, and first in its lane', {
  skip: postgres.skip,
}, async (t) => {
  const url = await database(t)
  const ahead = await openPostgres({ url, migrates: true })
  const { ledger, close } = await openPostgres({ url })
  t.after(() => ahead.close())
  t.after(() => close())
  const createdAt = systemClock.now() - 60_000
  const of = (id: string) =>
    envelope(systemClock, { id, customer: 'cus_a', createdAt: createdAt - (createdAt % 1_000) })

  const back = later(t, AHEAD_MS)
  await ahead.ledger.admit([of('evt_old')])
  back()
  await ledger.admit([of('evt_new')])
  const want = { max: 10, waitMs: 10_000, worker: 'w', release: 'r', handles: [handler()] }
  const works = await ledger.lease(want)

  assert.deepEqual(
    works.map(({ event }) => event.id),
    ['evt_old'],
  )
})
