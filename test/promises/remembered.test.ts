import assert from 'node:assert/strict'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Entry, Ledger, Store, Work } from '../../src/store/store.ts'
import { folderFor } from '../chaos/here.ts'
import { envelope } from '../chaos/virtual.ts'

const DAY_MS = 86_400_000
const HANDLES = [{ pattern: '*', name: 'one', leaseMs: 30_000, room: 100, strict: false }]
const DONE: Outcome = { kind: 'done', reason: 'worked' }
const RETRY: Outcome = { kind: 'retry', delayMs: 3_600_000, reason: 'failed', error: null }
const LATER: Outcome = { kind: 'wait', delayMs: 7_200_000, reason: 'later', error: null }
const DEAD: Outcome = { kind: 'dead', reason: 'exhausted', error: null }

test('the same id after 34 days is a repeat, whatever retention has taken meanwhile', async (t) => {
  const { clock, ledger } = await ledgerFor(t, { bodyDays: 1, eventDays: 35 })
  const event = envelope(clock)
  await ledger.admit([event])
  await settle(ledger, await lease(ledger), DONE)
  await days(clock, 34)

  assert.deepEqual(await ledger.admit([event]), ['repeat'])
  assert.deepEqual(await lease(ledger), [])
  const [entry] = (await ledger.find({ id: event.id, limit: 1 })).data
  assert.equal((await ledger.open(entry!.ref))?.body, null, 'its body is past retention')
})

test('retention takes what is done and past its time, and nothing that is open or dead', async (t) => {
  const { clock, ledger } = await ledgerFor(t, { bodyDays: 1, eventDays: 35 })
  const states = { done: DONE, retried: RETRY, 'put off': LATER, dead: DEAD }
  for (const [id, outcome] of Object.entries(states)) {
    await ledger.admit([envelope(clock, { id })])
    await settle(ledger, await lease(ledger), outcome)
  }
  await ledger.admit([envelope(clock, { id: 'held', as: 'hold' }), envelope(clock, { id: 'waiting' })])
  await days(clock, 200)

  const left = (await ledger.find({ limit: 100 })).data
  assert.deepEqual(left.map(({ id }) => id).sort(), ['dead', 'held', 'put off', 'retried', 'waiting'])
  for (const { ref, id } of left) assert.ok((await ledger.open(ref))?.body, `${id} has its body`)
  const worked = await lease(ledger)
  assert.deepEqual(worked.map(({ event }) => event.id).sort(), ['put off', 'retried', 'waiting'])
})

for (const how of ['clean', 'kill -9'] as const) {
  test(`a restart (${how}) keeps every state; what ran counts a lost lease`, async (t) => {
    const { clock, ledger, reopened } = await ledgerFor(t, {})
    await everyState(ledger, clock)
    const before = await shown(ledger)
    assert.deepEqual([...new Set(before.map(({ state }) => state))].sort(), ['dead', 'done', 'running', 'waiting'])

    const after = await shown((await reopened(how)).ledger)

    assert.deepEqual(
      after,
      before.map((entry) => (entry.state === 'running' ? lost(entry, clock) : entry)),
    )
  })
}

/** Every state and reason that a ledger can hold, each in an event of its own. */
async function everyState(ledger: Ledger, clock: VirtualClock): Promise<void> {
  const outcomes: Readonly<Record<string, Outcome>> = {
    ...{ worked: DONE, retried: RETRY, 'put off': LATER, exhausted: DEAD },
    unhandled: { kind: 'done', reason: 'unhandled' },
    refused: { kind: 'dead', reason: 'refused', error: { name: 'Dead', code: null, handler: 'one', message: 'no' } },
    lost: { kind: 'dead', reason: 'lost', error: null },
    waited: { kind: 'dead', reason: 'waited', error: null },
  }
  for (const [id, outcome] of Object.entries(outcomes)) {
    await ledger.admit([envelope(clock, { id })])
    await settle(ledger, await lease(ledger), outcome)
  }
  for (const [id, kind] of [
    ['discarded', 'discard'],
    ['quarantined', 'quarantine'],
    ['released', 'hold'],
  ] as const) {
    await ledger.admit([envelope(clock, { id, as: 'hold' })])
    await ledger.move({ query: { id }, limit: 1 }, { kind }, { by: 'test', why: 'a restart is tried' })
  }
  await ledger.admit([envelope(clock, { id: 'recorded', as: 'record' }), envelope(clock, { id: 'held', as: 'hold' })])
  await ledger.admit([envelope(clock, { id: 'running' })])
  assert.equal((await lease(ledger)).length, 1)
  await ledger.admit([envelope(clock, { id: 'ready' })])
}

const lost = (entry: Entry, clock: VirtualClock): Entry => ({ ...entry, state: 'waiting', dueAt: clock.now() })

async function shown(ledger: Ledger): Promise<Entry[]> {
  const { data } = await ledger.find({ limit: 100 })
  return [...data].sort((a, b) => a.ref - b.ref)
}

const lease = (ledger: Ledger): Promise<readonly Work[]> =>
  ledger.lease({ max: 100, waitMs: 0, worker: 'w1', release: 'r1', handles: HANDLES })

async function settle(ledger: Ledger, work: readonly Work[], outcome: Outcome): Promise<void> {
  assert.equal(work.length, 1)
  assert.deepEqual(await ledger.settle(work.map((one) => ({ work: one, outcome, returned: [] }))), ['settled'])
}

/** Retention looks once an hour. */
const EVERY_MS = 3_600_000

async function days(clock: VirtualClock, count: number): Promise<void> {
  for (let hour = 0; hour < count * 24; hour++) await clock.advance(DAY_MS / 24)
}

interface Retained {
  readonly bodyDays?: number
  readonly eventDays?: number
}

async function ledgerFor(t: TestContext, retention: Retained) {
  const clock = new VirtualClock()
  const folder = folderFor(t)
  const stores: Store[] = []
  t.after(() => Promise.all(stores.map((store) => store.close())))
  const open = async (path: string) => {
    const store = await openSqlite({ path, thread: false, clock, retention: { everyMs: EVERY_MS, ...retention } })
    stores.push(store)
    return store
  }
  const path = join(folder, 'ledger.db')
  const { ledger } = await open(path)
  /** The same ledger in a later process; after a kill with the files as they lie there between two commits. */
  const reopened = async (how: 'clean' | 'kill -9'): Promise<Store> => {
    if (how === 'clean') {
      await stores.pop()!.close()
      return open(path)
    }
    const copy = join(folder, 'copy.db')
    for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
    return open(copy)
  }
  return { clock, ledger, reopened }
}
