import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { actions } from '../../src/actions/list.ts'
import { perform } from '../../src/actions/perform.ts'
import { VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import { silent } from '../../src/core/service.ts'
import { openSqlite } from '../../src/store/sqlite.ts'

async function setUp(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'hookkeeper-actions-'))
  const clock = new VirtualClock()
  const store = await openSqlite({ path: join(folder, 'ledger.db'), thread: false, clock })
  context.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  const { ledger, controls, journal } = store
  let ids = 0
  const hands = {
    ...{ ledger, controls, journal, clock, log: silent },
    controlId: () => `control_${++ids}`,
    destinations: () => [],
    poke: async () => {},
    meter: { acted() {} },
  }
  const act = async (name: string, input: object, preview = false) => {
    const action = actions.find((one) => one.name === name)!
    return await perform(action, input, { by: 'ada', why: `to ${name}`, preview }, hands)
  }
  await ledger.admit([1, 2, 3].map((n) => envelope(n, clock.now())))
  const states = async () =>
    (await ledger.find({ limit: 10 })).data.map(({ id, state, reason }) => `${id} ${state} ${reason}`)
  return { store, act, states }
}

function envelope(n: number, now: number): Envelope {
  return {
    ...{ id: `evt_${n}`, type: n === 3 ? 'charge.failed' : 'invoice.paid', apiVersion: null, createdAt: now },
    ...{
      tenant: { account: 'default', connected: null, livemode: false },
      endpoint: 'default',
      via: 'webhook' as const,
    },
    ...{
      object: `in_${n}`,
      customer: `cus_${n}`,
      lane: `lane_${n}`,
      rank: 0,
      urgency: 'soon' as const,
      as: 'work' as const,
    },
    body: Buffer.from('{}'),
  }
}

test('on the embedded ledger an action moves what its preview counted, and finds its own move in the timeline', async (context) => {
  const { act, states } = await setUp(context)

  const { preview } = await act('quarantine', { type: 'invoice.*' }, true)
  assert.deepEqual([preview?.rows, preview?.types], [2, { 'invoice.paid': 2 }])
  const quarantined = await act('quarantine', { type: 'invoice.*' })
  assert.deepEqual([quarantined.receipt?.rows, quarantined.verified], [2, true])
  assert.deepEqual(await states(), ['evt_3 waiting null', 'evt_2 dead quarantined', 'evt_1 dead quarantined'])

  const replayed = await act('replay', { ids: ['evt_1'] })
  const discarded = await act('discard', { customer: 'cus_2' })
  assert.deepEqual([replayed.verified, discarded.verified], [true, true])
  assert.deepEqual(await states(), ['evt_3 waiting null', 'evt_2 done discarded', 'evt_1 waiting null'])
})

test('on the embedded ledger pauses live, end, and every action is in a journal whose seals fit', async (context) => {
  const { act, store } = await setUp(context)

  const paused = await act('pause', { types: ['charge.*'], ttl: '2h' })
  assert.equal((await act('pause', { types: ['charge.*'] }, true)).preview?.rows, 1)
  const resumed = await act('resume', { types: ['charge.*'] })
  await assert.rejects(act('replay', { ids: ['evt_1'] }))

  assert.deepEqual([paused.verified, resumed.verified], [true, true])
  assert.deepEqual(await store.controls.live(), [])
  const { data } = await store.journal.page(null, 10)
  assert.deepEqual(
    data.map(({ action, verdict }) => `${action} ${verdict}`),
    ['replay refused', 'resume applied', 'pause applied'],
  )
  assert.equal(await store.journal.verify(), null)
})
