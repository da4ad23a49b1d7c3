import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { KIND } from '../../src/store/codes.ts'
import { openPool, type Sql, sqlOver } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Ledger, Store, Want, Work } from '../../src/store/store.ts'
import { DONE, handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { postgres } from '../services/postgres.ts'
import { type Question, Wire } from './between.ts'
import { database, until } from './on-postgres.ts'

// What these are about shows in the tables: an event that is recorded with its lease has both in one transaction.

const given = { skip: postgres.skip }
const WANT: Want = { max: 10, waitMs: 10_000, worker: 'w', release: 'r', handles: [handler()] }

test(
  'an event that comes while a worker waits is recorded with its lease, and its story is that of any other',
  given,
  async (t) => {
    const { ledger, sql } = await opened(t)

    const waits = ledger.lease(WANT)
    await ledger.admit([of('evt_1', { object: 'in_1' })])
    const [work] = await waits

    assert.equal(work?.event.id, 'evt_1')
    assert.deepEqual(await bornWithLease(sql), ['evt_1'])
    assert.deepEqual(await states(ledger), { evt_1: 'running', evt_first: 'done' })
    await settle(ledger, work)
    const story = await ledger.open(work.ref)
    assert.deepEqual(
      story?.timeline.map((one) => one.kind === 'attempt' && [one.attempt, one.worker, one.outcome]),
      [[1, 'w', 'done']],
    )
    const { data } = await ledger.changes(null, 10)
    assert.deepEqual(
      data.filter(({ id }) => id === 'evt_1').map(({ kind }) => kind),
      ['admitted', 'leased', 'done'],
    )
  },
)

test(
  'of a lane only the first is recorded with its lease; the next one is leased when that is settled',
  given,
  async (t) => {
    const { ledger, sql } = await opened(t)

    const waits = ledger.lease(WANT)
    await ledger.admit([of('evt_1', { customer: 'cus_a' }), of('evt_2', { customer: 'cus_a' }), of('evt_3', {})])
    const works = await waits
    const after = ledger.lease(WANT)
    await settle(ledger, works.find(({ event }) => event.id === 'evt_1')!)
    const [next] = await after

    assert.deepEqual(works.map(({ event }) => event.id).toSorted(), ['evt_1', 'evt_3'])
    assert.deepEqual(await bornWithLease(sql), ['evt_1', 'evt_3'])
    assert.equal(next?.event.id, 'evt_2')
    assert.ok(next.fence > works.find(({ event }) => event.id === 'evt_1')!.fence)
  },
)

test('a repeat is leased to nobody, and who waited waits on', given, async (t) => {
  const { ledger, sql } = await opened(t)

  const waits = ledger.lease(WANT)
  assert.deepEqual(await ledger.admit([of('evt_first', { object: 'in_first', customer: 'cus_first' })]), ['repeat'])
  // Somebody may have recorded it just now, so there is a look first.
  await ledger.backlog()
  await ledger.admit([of('evt_2', {})])

  assert.deepEqual(
    (await waits).map(({ event }) => event.id),
    ['evt_2'],
  )
  assert.deepEqual(await bornWithLease(sql), ['evt_2'])
})

test('an event whose object is known is leased by itself: it may be a twin, or stale', given, async (t) => {
  const { ledger, sql } = await opened(t)

  const waits = ledger.lease(WANT)
  const older = systemClock.now() - 60_000
  await ledger.admit([of('evt_2', { object: 'in_first', customer: 'cus_first', createdAt: older - (older % 1_000) })])
  const [work] = await waits

  assert.equal(work?.event.id, 'evt_2')
  assert.equal(work.stale, true)
  assert.deepEqual(await bornWithLease(sql), [])
})

test('what a rule holds is not leased, however many wait for it', given, async (t) => {
  const { ledger, sql } = await opened(t)
  await ledger.hold([{ why: 'pause:1', types: ['charge.*'] }])

  const waits = ledger.lease(WANT)
  await ledger.admit([of('evt_held', { type: 'charge.succeeded' })])
  await ledger.admit([of('evt_2', {})])

  assert.deepEqual(
    (await waits).map(({ event }) => event.id),
    ['evt_2'],
  )
  assert.equal((await states(ledger))['evt_held'], 'waiting')
  assert.deepEqual(await bornWithLease(sql), [])
})

test(
  'a bucket that was taken away meanwhile gives no lease: the event waits for whoever has it next',
  given,
  async (t) => {
    const { ledger, sql } = await opened(t)

    const waits = ledger.lease(WANT)
    await sql.rows('update hookkeeper_buckets set epoch = epoch + 1, owner = null')
    await ledger.admit([of('evt_1', {})])
    const [work] = await waits

    assert.deepEqual(await bornWithLease(sql), [])
    assert.equal(work?.event.id, 'evt_1')
    assert.equal(work.attempt, 1)
  },
)

test(
  'an admission whose answer was lost leaves no lease that nobody works: it is given back and counts for nothing',
  given,
  async (t) => {
    const { ledger, wire } = await opened(t)

    const waits = ledger.lease(WANT)
    wire.once({ fits: admitsWithLeases, after: () => Promise.reject(reset()) })
    // Its second try finds the row of the first.
    assert.deepEqual(await ledger.admit([of('evt_1', {})]), ['repeat'])
    const [work] = await waits

    assert.equal(work?.event.id, 'evt_1')
    assert.equal(work.attempt, 1)
    assert.equal(work.lost, 0)
    await settle(ledger, work)
    const story = await ledger.open(work.ref)
    const attempts = story?.timeline.map((one) => one.kind === 'attempt' && one.outcome)
    assert.deepEqual(attempts, ['given-back', 'done'])
  },
)

test('a look that tells of it before its admission does changes nothing', given, async (t) => {
  const { ledger, wire } = await opened(t)

  const waits = ledger.lease(WANT)
  const answer = wire.hold('after', admitsWithLeases)
  const admitted = ledger.admit([of('evt_1', {})])
  await answer.reached
  await ledger.backlog()
  answer.go()

  assert.deepEqual(await admitted, ['new'])
  const [work] = await waits
  assert.equal(work?.event.id, 'evt_1')
  assert.deepEqual(await settle(ledger, work), ['settled'])
  const { ready, running } = await ledger.backlog()
  assert.deepEqual({ ready, running }, { ready: 0, running: 0 })
})

// Its lease was told at once and the rest was to be told in the next turn: a look before that left out the whole transaction, and
// the rest waited until the process was started anew.
test('of an admission that is leased in part, a look in between leaves out nothing', given, async (t) => {
  const { ledger } = await opened(t)

  const waits = ledger.lease(WANT)
  await ledger.admit([of('evt_1', { customer: 'cus_a' }), of('evt_2', { customer: 'cus_a' })])
  const looked = ledger.backlog()
  const [first] = await waits
  await looked
  await settle(ledger, first!)

  const [second] = await ledger.lease(WANT)
  assert.equal(second?.event.id, 'evt_2')
})

test('nor does one after another process was heard of meanwhile', given, async (t) => {
  const { ledger, sql, wire } = await opened(t)

  const waits = ledger.lease(WANT)
  const admission = wire.hold('before', admitsWithLeases)
  const admitted = ledger.admit([of('evt_1', { customer: 'cus_a' }), of('evt_2', { customer: 'cus_a' })])
  await admission.reached
  await sql.rows(
    `insert into hookkeeper_members (id, name, seen, works, counts) values ('other', 'other', now(), false, '{"admits": true}')`,
  )
  // When it asks for the second time, it has heard what the first answer said.
  for (let beats = 0; beats < 2; beats++) {
    await sql.rows("update hookkeeper_members set seen = clock_timestamp() where id = 'other'")
    await until(
      sql,
      "select bool_or(m.seen > o.seen) as so from hookkeeper_members m, hookkeeper_members o where m.works and o.id = 'other'",
    )
  }
  admission.go()
  await admitted
  const [first] = await waits
  await settle(ledger, first!)

  const [second] = await ledger.lease(WANT)
  assert.equal(second?.event.id, 'evt_2')
})

// Memory had nothing of the lane yet, and the newer event was recorded with its lease.
test(
  'while a bucket that was just taken is read, nothing new is leased ahead of what waits in it',
  given,
  async (t) => {
    const { url, ledger, sql, wire } = await opened(t)
    const other = await openPostgres({ url })
    await other.ledger.admit([of('evt_old', { customer: 'cus_a' })])
    await other.close()
    const look = wire.hold('after', looksAtAll)

    await sql.rows('update hookkeeper_buckets set epoch = epoch + 1, owner = null')
    const waits = ledger.lease(WANT)
    await look.reached
    await ledger.admit([of('evt_new', { customer: 'cus_a' })])
    look.go()
    const [work] = await waits

    assert.equal(work?.event.id, 'evt_old')
    assert.deepEqual(await bornWithLease(sql), [])
  },
)

// It was a repeat by its second try, and the newer one was told of and leased before anybody had heard of it.
test(
  'what was recorded by an admission whose answer was lost comes before what is recorded later',
  given,
  async (t) => {
    const { ledger, wire } = await opened(t)

    const waits = ledger.lease(WANT)
    wire.once({ fits: admitsWithLeases, after: () => Promise.reject(reset()) })
    assert.deepEqual(await ledger.admit([of('evt_old', { customer: 'cus_a' })]), ['repeat'])
    await ledger.admit([of('evt_new', { customer: 'cus_a' })])

    assert.deepEqual(
      (await waits).map(({ event }) => event.id),
      ['evt_old'],
    )
  },
)

// The look did not see it, and the newer one was told of in the same turn.
test('also while a look is under way that began before it', given, async (t) => {
  const { ledger, wire } = await opened(t)

  const waits = ledger.lease(WANT)
  const look = wire.hold('after', looks)
  const looked = ledger.backlog()
  await look.reached
  wire.once({ fits: admits, after: () => Promise.reject(reset()) })
  assert.deepEqual(await ledger.admit([of('evt_old', { customer: 'cus_a' })]), ['repeat'])
  await ledger.admit([of('evt_new', { customer: 'cus_a' })])
  look.go()
  await looked

  assert.deepEqual(
    (await waits).map(({ event }) => event.id),
    ['evt_old'],
  )
})

test('while its admission is under way its lane waits for it, also where all is read anew', given, async (t) => {
  const { url, ledger, wire } = await opened(t)

  const waits = ledger.lease(WANT)
  const answer = wire.hold('after', admitsWithLeases)
  const admitted = ledger.admit([of('evt_1', { customer: 'cus_a' })])
  await answer.reached
  await failedTurn(ledger, wire)
  const other = await openPostgres({ url })
  await other.ledger.admit([of('evt_2', { customer: 'cus_a' }), of('evt_3', { customer: 'cus_b' })])
  await other.close()
  const beside = ledger.lease(WANT)
  assert.deepEqual(
    (await beside).map(({ event }) => event.id),
    ['evt_3'],
  )
  answer.go()
  await admitted

  assert.deepEqual(
    (await waits).map(({ event }) => event.id),
    ['evt_1'],
  )
})

test('a worker that called off is given nothing of what is recorded later', given, async (t) => {
  const { ledger } = await opened(t)
  const off = new AbortController()

  const waits = ledger.lease(WANT, off.signal)
  off.abort()
  assert.deepEqual(await waits, [])
  await ledger.admit([of('evt_1', {})])

  const [work] = await ledger.lease(WANT)
  assert.equal(work?.event.id, 'evt_1')
  assert.equal(work.attempt, 1)
})

interface Opened {
  readonly url: string
  readonly ledger: Ledger
  readonly sql: Sql
  readonly wire: Wire
}

/** A ledger whose buckets are its own and that has worked one event, `evt_first`. */
async function opened(t: TestContext): Promise<Opened> {
  const url = await database(t)
  const pool = await openPool({ url, connectionsMax: 8, name: 'test' })
  const wire = new Wire(pool)
  const store: Store = await openPostgres({ url, migrates: true, pool })
  const sql = sqlOver(await openPool({ url, connectionsMax: 1, name: 'test' }))
  t.after(() => store.close())
  t.after(() => sql.close())
  const { ledger } = store
  await ledger.admit([of('evt_first', { object: 'in_first', customer: 'cus_first' })])
  const [first] = await ledger.lease(WANT)
  await settle(ledger, first!)
  return { url, ledger, sql, wire }
}

/** Its look fails, twice: all is read anew. Resolves when it has been. */
async function failedTurn(ledger: Ledger, wire: Wire): Promise<void> {
  const fails = () => Promise.reject(reset())
  const again = () => {
    wire.once({ fits: looks, before: fails })
    return fails()
  }
  wire.once({ fits: looks, before: again })
  await ledger.backlog()
}

const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })
const looks = ({ name }: Question) => name === 'hookkeeper_look'
const admits = ({ name }: Question) => name === 'hookkeeper_admit'
const admitsWithLeases = ({ name }: Question) => name === 'hookkeeper_admit_leased'
const looksAtAll = ({ name, values = [] }: Question) =>
  name === 'hookkeeper_look' && (values[1] as string[]).includes('0')

const of = (id: string, more: Parameters<typeof envelope>[1]) => envelope(systemClock, { id, ...more })

const settle = (ledger: Ledger, work: Work) => ledger.settle([{ work, outcome: DONE, returned: [] }])

/** Events whose lease was written by the transaction that recorded them. */
async function bornWithLease(sql: Sql): Promise<string[]> {
  const rows = await sql.rows<{ id: string }>(
    `select s.id from hookkeeper_seen s join hookkeeper_history h
       on h.day = s.day and h.bucket = s.bucket and h.n = s.n and h.kind = ${KIND.lease} and h.tx = s.tx order by s.id`,
  )
  return rows.map(({ id }) => id)
}

async function states(ledger: Ledger): Promise<Record<string, string>> {
  const { data } = await ledger.find({ limit: 10 })
  return Object.fromEntries(data.map(({ id, state }) => [id, state] as const).toSorted())
}
