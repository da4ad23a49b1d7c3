import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ledger } from '../../src/store/store.ts'
import { postgres } from '../services/postgres.ts'
import type { Question } from './between.ts'
import { later, until } from './on-postgres.ts'
import { ALL_OWNED, of, two, WANT } from './two.ts'

// A worker that was taken for ended admits all the same. Whoever has its buckets by now would take itself for alone, and record a
// newer event of the same lane with its lease.

const given = { skip: postgres.skip }
/** Longer than a worker may go without saying that it is there. */
const FROZEN_MS = 4_000

test('one that was frozen says that it is there before it admits', given, async (t) => {
  const { one, other, sql, wire } = await two(t)
  const beat = wire.hold('before', named('beat'))
  await beat.reached
  await sql.rows(
    `with gone as (delete from hookkeeper_members where name = 'other' returning id)
     update hookkeeper_buckets set owner = null, epoch = epoch + 1 where owner in (select id from gone)`,
  )
  await until(sql, ALL_OWNED)

  const waits = one.lease(WANT)
  later(t, FROZEN_MS)
  await other.admit([of('evt_old')])
  await one.admit([of('evt_new')])

  const worked = await ids(waits)
  beat.go()
  assert.deepEqual(worked, ['evt_old'])
})

test('one that is frozen after it has said so is looked for though it has fallen silent', given, async (t) => {
  const { one, other, sql, wire } = await two(t)
  const beat = wire.hold('before', named('beat'))
  await beat.reached
  const admission = wire.hold('before', named('admit'))
  const admitted = other.admit([of('evt_old')])
  await admission.reached
  await sql.rows("update hookkeeper_members set seen = seen - interval '10 s' where name = 'other'")
  await until(sql, ALL_OWNED)

  const waits = one.lease(WANT)
  admission.go()
  await admitted
  await one.admit([of('evt_new')])

  const worked = await ids(waits)
  beat.go()
  assert.deepEqual(worked, ['evt_old'])
})

const named =
  (statement: string) =>
  ({ name }: Question) =>
    name === `hookkeeper_${statement}`

const ids = async (waits: ReturnType<Ledger['lease']>) => (await waits).map(({ event }) => event.id)
