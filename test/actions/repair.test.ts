import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { actions } from '../../src/actions/list.ts'
import { perform } from '../../src/actions/perform.ts'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import { silent } from '../../src/core/service.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { envelope } from '../chaos/virtual.ts'

const DAY_MS = 86_400_000
const HANDLES = [{ pattern: '*', name: 'one', leaseMs: 30_000, room: 100, strict: false }]
const WORKED: Outcome = { kind: 'done', reason: 'worked' }
const EXHAUSTED: Outcome = { kind: 'dead', reason: 'exhausted', error: null }

async function setUp(t: TestContext) {
  const clock = new VirtualClock()
  const store = await openSqlite({ path: ':memory:', thread: false, clock, retention: { everyMs: DAY_MS } })
  t.after(() => store.close())
  const { ledger, controls, journal } = store
  const moves: unknown[] = []
  const watched = {
    ...ledger,
    move: (...args: Parameters<typeof ledger.move>) => {
      moves.push(args[1])
      return ledger.move(...args)
    },
  }
  const hands = {
    ...{ ledger: watched, controls, journal, clock, log: silent, controlId: () => 'c', destinations: () => [] },
    ...{ poke: async () => {}, meter: { acted() {} } },
  }
  const act = (name: string, input: object, preview = false) =>
    perform(actions.find((one) => one.name === name)!, input, { by: 'ada', why: 'v41', preview }, hands)
  const replay = (input: object, preview = false) => act('replay', input, preview)
  /** An event that a release has worked, or failed at. */
  const handled = async (id: string, release: string, more: Partial<Envelope> = {}, outcome = WORKED) => {
    await clock.advance(1_000)
    await ledger.admit([envelope(clock, { id, ...more })])
    const [work] = await ledger.lease({ max: 1, waitMs: 0, worker: 'w', release, handles: HANDLES })
    await ledger.settle([{ work: work!, outcome, returned: [] }])
  }
  const states = async () =>
    Object.fromEntries((await ledger.find({ limit: 50 })).data.map(({ id, state }) => [id, state]))
  return { clock, act, replay, handled, states, moves }
}

const about = (object: object) => Buffer.from(JSON.stringify({ object: 'event', data: { object } }))
const invoice = (id: string, total: number, currency = 'eur') => ({
  object: id,
  customer: `cus_${id}`,
  body: about({ id, object: 'invoice', total, currency }),
})

test('a repair by release says how many events, of how many customers, about how much, before it acts', async (t) => {
  const { replay, handled, states } = await setUp(t)
  await handled('evt_finalized', 'v41', invoice('in_1', 1_000))
  await handled('evt_paid', 'v41', invoice('in_1', 1_200))
  await handled('evt_yen', 'v41', invoice('in_2', 5_000, 'jpy'))
  await handled('evt_more', 'v41', invoice('in_3', 800))
  await handled('evt_customer', 'v41', { body: about({ object: 'customer' }), customer: 'cus_in_3' })
  await handled('evt_old', 'v41', invoice('in_4', 99))
  await handled('evt_new', 'v42', invoice('in_4', 99))
  const before = await states()

  const { preview } = await replay({ handledBy: 'v41' }, true)

  assert.deepEqual([preview?.rows, preview?.customers, preview?.more], [5, 3, false])
  assert.deepEqual(preview?.repair, { superseded: 1, gone: 0, money: { eur: 2_000, jpy: 5_000 } })
  assert.deepEqual(await states(), before)
  assert.equal((await replay({ handledBy: 'v41' })).receipt?.rows, 5)
  assert.deepEqual(await states(), {
    ...{ evt_finalized: 'waiting', evt_paid: 'waiting', evt_yen: 'waiting', evt_more: 'waiting' },
    ...{ evt_customer: 'waiting', evt_old: 'done', evt_new: 'done' },
  })
})

test('by release dead and done events come back, their handlers run again, and what persons ended stays', async (t) => {
  const { act, replay, handled, states, moves } = await setUp(t)
  await handled('evt_done', 'v41')
  await handled('evt_dead', 'v41', {}, EXHAUSTED)
  await handled('evt_discarded', 'v41', {}, EXHAUSTED)
  await handled('evt_unhandled', 'v41', {}, { kind: 'done', reason: 'unhandled' })
  await handled('evt_other', 'v40')
  await act('discard', { ids: ['evt_discarded'] })
  assert.equal((await replay({ handledBy: 'v41', state: 'dead' }, true)).preview?.rows, 1)

  await replay({ handledBy: 'v41' })

  assert.deepEqual(moves.at(-1), { kind: 'reopen', forget: 'handlers' })
  assert.deepEqual(await states(), {
    ...{ evt_done: 'waiting', evt_dead: 'waiting', evt_discarded: 'done' },
    ...{ evt_unhandled: 'done', evt_other: 'done' },
  })
  assert.equal((await replay({ handledBy: 'v41', reason: 'unhandled' })).receipt?.rows, 1)
})

test('what is past retention is told apart: it is not counted, not replayed, and its money is unknown', async (t) => {
  const { clock, replay, handled } = await setUp(t)
  await handled('evt_old', 'v41', invoice('in_1', 1_000))
  for (let day = 0; day < 32; day++) {
    await clock.advance(DAY_MS)
    await settled()
  }
  await handled('evt_new', 'v41', invoice('in_2', 700))

  const { preview } = await replay({ handledBy: 'v41' }, true)

  assert.deepEqual([preview?.rows, preview?.ids], [1, ['evt_new']])
  assert.deepEqual(preview?.repair, { superseded: 0, gone: 1, money: { eur: 700 } })
  assert.equal((await replay({ handledBy: 'v41' })).receipt?.rows, 1)
})

test('filters narrow a repair, and `superseded` shows what it leaves out', async (t) => {
  const { replay, handled } = await setUp(t)
  await handled('evt_1', 'v41', { ...invoice('in_1', 10), type: 'invoice.finalized' })
  await handled('evt_2', 'v41', { ...invoice('in_1', 10), type: 'invoice.paid' })
  await handled('evt_3', 'v41', { ...invoice('in_2', 10), type: 'invoice.finalized' })

  const narrow = await replay({ handledBy: 'v41', type: 'invoice.finalized' }, true)
  const left = await replay({ handledBy: 'v41', type: 'invoice.finalized', superseded: true }, true)

  assert.deepEqual([narrow.preview?.ids, narrow.preview?.repair?.superseded], [['evt_3'], 1])
  assert.deepEqual(left.preview?.ids, ['evt_1'])
  await assert.rejects(replay({ superseded: false }), { code: 'action_input' })
})
