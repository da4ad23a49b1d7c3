import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Action } from '../../src/actions/action.ts'
import { actions } from '../../src/actions/list.ts'
import { perform } from '../../src/actions/perform.ts'
import { VirtualClock } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import { silent } from '../../src/core/service.ts'
import { memoryStore } from './memory-store.ts'

const HOUR = 3_600_000

function setUp(destinations: { name: string; secondary: string | null }[] = []) {
  const clock = new VirtualClock()
  const memory = memoryStore(clock)
  const counted: string[] = []
  const pokes = { count: 0 }
  let ids = 0
  const { ledger, controls, journal } = memory.store
  const hands = {
    ...{ ledger, controls, journal, clock, log: silent },
    controlId: () => `control_${++ids}`,
    destinations: () => destinations,
    poke: async () => void pokes.count++,
    meter: { acted: (action: string, verdict: string) => void counted.push(`${action} ${verdict}`) },
  }
  const act = (name: string, input: unknown, preview = false) =>
    perform(called(name), input, { by: 'ada', why: 'a test', preview }, hands)
  const stateOf = (id: string) => memory.events.find(({ entry }) => entry.id === id)?.entry.state
  return { ...memory, clock, hands, act, counted, pokes, stateOf }
}

function called(name: string): Action {
  const action = actions.find((one) => one.name === name)
  assert.ok(action, name)
  return action
}

const refusedWith = (code: Parameters<typeof hasCode>[1], message: RegExp) => (error: unknown) => {
  assert.ok(hasCode(error, code), String(error))
  assert.match(`${error.message} ${error.remedy}`, message)
  return true
}

test('a preview says how many, which, of what type and of how many customers, and changes nothing', async () => {
  const { act, put, events, entries, counted } = setUp()
  put('evt_1', { customer: 'cus_1' })
  put('evt_2', { customer: 'cus_2' })
  put('evt_3', { customer: 'cus_2', type: 'invoice.created' })
  put('evt_4', { state: 'done' })
  const before = events.map(({ entry, timeline }) => structuredClone({ entry, timeline }))

  for (const [name, input] of [
    ['replay', { customer: 'cus_2' }],
    ['discard', { type: 'invoice.paid' }],
    ['quarantine', { type: 'invoice.paid' }],
    ['pause', { types: ['*'] }],
  ] as const)
    await act(name, input, true)
  const { preview, receipt, journal } = await act('replay', { livemode: false }, true)

  assert.deepEqual(preview, {
    ...{ what: '3 events reopened', rows: 3, more: false, skipped: 0, ids: ['evt_3', 'evt_2', 'evt_1'] },
    ...{ types: { 'invoice.created': 1, 'invoice.paid': 2 }, customers: 2, controls: [], repair: null },
  })
  assert.equal(receipt, null)
  assert.equal(journal, null)
  assert.deepEqual(
    events.map(({ entry, timeline }) => ({ entry, timeline })),
    before,
  )
  assert.deepEqual(entries, [])
  assert.equal(counted.at(-1), 'replay previewed')
})

test('a replay by filters takes dead events only, unless done is said', async () => {
  const { act, put, stateOf } = setUp()
  put('evt_dead')
  put('evt_done', { state: 'done', reason: 'worked' })

  const { receipt, verified } = await act('replay', { customer: 'cus_1' })

  assert.deepEqual([receipt?.rows, receipt?.ids, verified], [1, ['evt_dead'], true])
  assert.equal(stateOf('evt_dead'), 'waiting')
  assert.equal(stateOf('evt_done'), 'done')
  assert.equal((await act('replay', { customer: 'cus_1', state: 'done' })).receipt?.rows, 1)
  assert.equal(stateOf('evt_done'), 'waiting')
})

test('a dead event keeps what its handlers did, a done one only what `once` remembers, and `again` keeps nothing', async () => {
  const { act, put, hands } = setUp()
  const moves: unknown[] = []
  const { move } = hands.ledger
  hands.ledger.move = async (selection, to, note) => {
    moves.push(to)
    return move(selection, to, note)
  }
  for (const id of ['evt_1', 'evt_3']) put(id)
  put('evt_2', { state: 'done', reason: 'worked' })

  await act('replay', { ids: ['evt_1', 'evt_2'] })
  await act('replay', { ids: ['evt_3'], again: true })

  const forgets = ['nothing', 'handlers', 'all']
  assert.deepEqual(
    moves,
    forgets.map((forget) => ({ kind: 'reopen', forget })),
  )
})

test('events that run are never moved: named alone they are refused, among others passed over', async () => {
  const { act, put, stateOf } = setUp()
  put('evt_runs', { state: 'running' })
  put('evt_dead')

  await assert.rejects(act('replay', { ids: ['evt_runs'] }), refusedWith('action_refused', /evt_runs is running/))
  const { preview } = await act('replay', { ids: ['evt_runs', 'evt_dead'] }, true)
  const { receipt } = await act('replay', { ids: ['evt_runs', 'evt_dead'] })

  assert.deepEqual([preview?.rows, preview?.skipped], [1, 1])
  assert.equal(receipt?.rows, 1)
  assert.equal(stateOf('evt_runs'), 'running')
})

test('discard ends, quarantine sets aside, release lets go and record closes, each from its states', async () => {
  const { act, put, events } = setUp()
  put('evt_dead')
  put('evt_waiting', { state: 'waiting' })
  put('evt_held', { state: 'waiting', held: 'restored' })
  put('evt_held_too', { state: 'waiting', held: 'restored' })

  await act('discard', { ids: ['evt_dead'] })
  await act('quarantine', { ids: ['evt_waiting'] })
  await act('release', { ids: ['evt_held'] })
  await act('record', { held: true })

  const ends = events.map(({ entry }) => [entry.id, entry.state, entry.reason, entry.held])
  assert.deepEqual(ends.toReversed(), [
    ['evt_dead', 'done', 'discarded', null],
    ['evt_waiting', 'dead', 'quarantined', null],
    ['evt_held', 'waiting', null, null],
    ['evt_held_too', 'done', 'recorded', null],
  ])
  await assert.rejects(act('quarantine', { state: 'dead' }), refusedWith('action_refused', /takes waiting events/))
})

test('a limit bounds what moves', async () => {
  const { act, put, events } = setUp()
  for (let n = 0; n < 5; n++) put(`evt_${n}`)

  assert.equal((await act('replay', { type: 'invoice.paid', limit: 2 })).receipt?.rows, 2)
  assert.equal(events.filter(({ entry }) => entry.state === 'waiting').length, 2)
})

test('short pages are followed to their end', async () => {
  const { act, put, pageMax } = setUp()
  for (let n = 0; n < 7; n++) put(`evt_${n}`)
  pageMax.value = 2

  assert.equal((await act('replay', { type: 'invoice.paid' }, true)).preview?.rows, 7)
})

test('one id of several tenants is refused until it is said which, no Connect account included', async () => {
  const { act, put, events } = setUp()
  put('evt_1')
  put('evt_1', { tenant: { connected: 'acct_1' } })

  await assert.rejects(act('replay', { ids: ['evt_1'] }), refusedWith('event_ambiguous', /connected=acct_1/))
  await act('replay', { ids: ['evt_1'], connected: '' })

  assert.deepEqual(
    events.map(({ entry }) => [entry.tenant.connected, entry.state]),
    [
      ['acct_1', 'dead'],
      [null, 'waiting'],
    ],
  )
  await assert.rejects(act('replay', { ids: ['evt_9'] }), refusedWith('event_unknown', /evt_9/))
})

test('an input that names nothing, too much or what does not exist is refused with the remedy', async () => {
  const { act } = setUp()

  await assert.rejects(act('replay', {}), refusedWith('action_input', /Say which events/))
  await assert.rejects(act('replay', { limit: 5 }), refusedWith('action_input', /Say which events/))
  await assert.rejects(act('discard', { ids: ['a'], type: 'b' }), refusedWith('action_input', /not both/))
  await assert.rejects(act('replay', { tipe: 'x' }), refusedWith('action_input', /no tipe; there are type/))
  await assert.rejects(act('replay', { type: 'x', limit: 100_001 }), refusedWith('action_input', /limit/))
  await assert.rejects(act('replay', { since: 'yesterday' }), refusedWith('action_input', /since: yesterday/))
  await assert.rejects(act('pause', { ttl: '1h' }), refusedWith('action_input', /Say what to pause/))
  await assert.rejects(act('pause', { types: ['*'], ttl: '8d' }), refusedWith('action_input', /8d/))
  await assert.rejects(act('replay', null), refusedWith('action_input', /./))
})

test('a pause is a control that expires, after an hour unless said otherwise', async () => {
  const { act, store, clock, pokes } = setUp()

  const { receipt, verified } = await act('pause', { types: ['invoice.*'] })
  await act('pause', { lanes: ['x'], ttl: '2h' })

  const [first, second] = await store.controls.live()
  assert.deepEqual([receipt?.controls, verified], [['control_1'], true])
  assert.deepEqual([first?.kind, first?.target, first?.by], ['pause', { types: ['invoice.*'] }, 'ada'])
  assert.deepEqual([first!.expiresAt - clock.now(), second!.expiresAt - clock.now()], [HOUR, 2 * HOUR])
  assert.equal(pokes.count, 2)
  await clock.advance(HOUR)
  assert.equal((await store.controls.live()).length, 1)
})

test("a pause's preview counts the waiting events that it covers, and none else", async () => {
  const { act, put } = setUp()
  put('evt_1', { state: 'waiting' })
  put('evt_2', { state: 'waiting', type: 'invoice.created' })
  put('evt_3', { state: 'waiting', type: 'charge.succeeded' })
  put('evt_4', { state: 'waiting', tenant: { account: 'eu' } })
  put('evt_5', { state: 'waiting', tenant: { connected: 'acct_1' }, type: 'charge.failed' })
  put('evt_6', { state: 'dead' })

  assert.equal((await act('pause', { types: ['invoice.*'] }, true)).preview?.rows, 3)
  assert.equal((await act('pause', { types: ['invoice.*'], accounts: ['eu'] }, true)).preview?.rows, 1)
  assert.equal((await act('pause', { types: ['invoice.created', 'charge.*'] }, true)).preview?.rows, 3)
  assert.equal((await act('pause', { accounts: ['acct_1'] }, true)).preview?.rows, 1)
})

test('resume lifts by id, by exactly what was paused, or all; never more than was asked for', async () => {
  const { act, store } = setUp([{ name: 'app', secondary: 'app2' }])
  await act('pause', { types: ['invoice.*'] })
  await act('pause', { types: ['a', 'b'], lanes: ['l'] })
  await act('reroute', {})
  await act('pause', { accounts: ['eu'] })
  const live = async () => (await store.controls.live()).map(({ id }) => id)

  await assert.rejects(act('resume', { types: ['invoice.paid'] }), refusedWith('action_refused', /control_1/))
  await assert.rejects(act('resume', { types: ['a'] }), refusedWith('action_refused', /./))
  await assert.rejects(act('resume', {}), refusedWith('action_input', /Say one of/))
  await assert.rejects(act('resume', { all: true, control: 'x' }), refusedWith('action_input', /Say one of/))
  await assert.rejects(act('resume', { control: 'control_9' }), refusedWith('control_unknown', /control_9/))
  assert.equal((await live()).length, 4)

  assert.deepEqual((await act('resume', { types: ['invoice.*'] }, true)).preview?.controls, ['control_1'])
  await act('resume', { types: ['invoice.*'] })
  await act('resume', { types: ['b', 'a'], lanes: ['l'] })
  assert.deepEqual(await live(), ['control_3', 'control_4'])
  await act('resume', { all: true })
  assert.deepEqual(await live(), ['control_3'], 'a reroute is no pause')
  await act('resume', { control: 'control_3' })
  assert.deepEqual(await live(), [])
})

test('a reroute needs a secondary, and names the destination where several have one', async () => {
  const none = setUp([{ name: 'app', secondary: null }])
  const two = setUp([
    { name: 'a', secondary: 'a2' },
    { name: 'b', secondary: 'b2' },
  ])

  await assert.rejects(none.act('reroute', {}), refusedWith('action_refused', /HOOKKEEPER_FORWARD_SECONDARY/))
  await assert.rejects(two.act('reroute', {}), refusedWith('action_refused', /Name one: a, b/))
  await assert.rejects(two.act('reroute', { destination: 'c' }), refusedWith('action_refused', /There are: a, b/))
  assert.match((await two.act('reroute', { destination: 'b' }, true)).preview?.what ?? '', /b go to b2 for 3600 s/)
  await two.act('reroute', { destination: 'b', ttl: '30m' })

  const [control] = await two.store.controls.live()
  assert.deepEqual([control?.kind, control?.target], ['reroute', { destination: 'b' }])
  assert.equal(control!.expiresAt - two.clock.now(), HOUR / 2)
  assert.equal(two.pokes.count, 1)
})

test('what a pause or a reroute put, its undo takes back', async () => {
  const { act, store, hands, pokes } = setUp([{ name: 'app', secondary: 'app2' }])

  for (const [name, input] of [
    ['pause', { types: ['*'] }],
    ['reroute', {}],
  ] as const) {
    const { receipt } = await act(name, input)
    assert.equal(await called(name).undo?.(receipt!, hands), true)
    assert.equal(await called(name).undo?.(receipt!, hands), false, 'it is gone already')
  }

  assert.deepEqual(await store.controls.live(), [])
  assert.equal(pokes.count, 6)
})

test('the journal has each action that was applied, refused or failed, with who and why', async () => {
  const { act, put, entries, counted, hands } = setUp()
  put('evt_1')
  await act('replay', { ids: ['evt_1'] })
  await assert.rejects(act('replay', { ids: ['evt_1'] }))
  await assert.rejects(act('replay', { ids: 7 }))
  hands.ledger.move = async () => {
    throw new Error('disk on fire')
  }
  await assert.rejects(act('replay', { type: 'x' }), /disk on fire/)

  assert.deepEqual(
    entries.map(({ action, verdict, by, why }) => [action, verdict, by, why]),
    ['applied', 'refused', 'refused', 'failed'].map((verdict) => ['replay', verdict, 'ada', 'a test']),
  )
  const [applied, refused, invalid, failed] = entries.map(({ data }) => data as Record<string, unknown>)
  assert.deepEqual(applied?.['input'], { ids: ['evt_1'], limit: 1000, again: false })
  assert.equal(applied?.['verified'], true)
  assert.equal(refused?.['code'], 'action_refused')
  assert.deepEqual(invalid, { input: null, code: 'action_input' })
  assert.equal(failed?.['code'], 'unexpected')
  assert.deepEqual(
    counted,
    entries.map(({ action, verdict }) => `${action} ${verdict}`),
  )
})

test('an error is told even when the journal cannot be written either', async () => {
  const { act, hands } = setUp()
  hands.journal.write = async () => {
    throw new Error('journal on fire')
  }

  await assert.rejects(act('replay', {}), refusedWith('action_input', /Say which/))
})

test('what was applied is journalled as applied, even when nobody could look at its effect', async () => {
  const { act, put, entries, hands, counted } = setUp()
  put('evt_1')
  hands.ledger.open = async () => {
    throw new Error('disk on fire')
  }

  const { verdict, verified, receipt, journal } = await act('replay', { ids: ['evt_1'] })

  assert.deepEqual([verdict, verified, receipt?.rows, journal], ['applied', false, 1, 1])
  assert.deepEqual([entries.map(({ verdict }) => verdict), counted], [['applied'], ['replay applied']])
})
