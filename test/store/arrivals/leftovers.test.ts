import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { VirtualClock } from '../../../src/core/clock.ts'
import { folderOf } from '../../../src/store/sqlite/arrivals/place.ts'
import type { Page, Stray } from '../../../src/store/store.ts'
import { event } from './setup.ts'
import { opened } from './stepped.ts'

const DAY_MS = 86_400_000
/** Beyond 400 days. */
const STRAY = { createdAt: 0 }

type Ledger = Awaited<ReturnType<typeof opened>>

test('segments in which nothing was new go in their time like all others', async (t) => {
  let ledger = await opened(t)
  await ledger.bring(event('evt_1', { as: 'record' }))
  ledger.turn()
  for (const again of ['evt_1', 'evt_1', 'evt_1']) {
    ledger = await opened(t, ledger.crash())
    await ledger.bring(event(again))
    ledger.turn()
  }
  await passes(ledger, 29 * DAY_MS)
  assert.equal(readdirSync(folderOf(ledger.path)).length, 4)

  await passes(ledger, 2 * DAY_MS)

  assert.deepEqual(readdirSync(folderOf(ledger.path)), ['0000000004'])
  assert.deepEqual(ledger.ids(), ['evt_1'])
})

test('a segment that nobody has read goes after it was taken in, however old it is', async (t) => {
  const first = await opened(t)
  await first.bring(event('evt_1', STRAY))
  const late = new VirtualClock(Date.now() + 40 * DAY_MS)

  const next = await opened(t, first.crash(), { clock: late })
  await next.bring(event('evt_2', { createdAt: late.now() }))
  next.turn()
  await passes(next, 0)

  assert.equal((await straysOf(next)).length, 1)
  assert.deepEqual(readdirSync(folderOf(next.path)), ['0000000002'])
})

test('a stray at the end of a segment is kept once, however often the ledger starts', async (t) => {
  let ledger = await opened(t)
  await ledger.bring(event('evt_1'), event('evt_2', STRAY))
  ledger.turn()

  for (let start = 0; start < 3; start++) ledger = await opened(t, ledger.crash())

  assert.equal((await straysOf(ledger)).length, 1)
})

test('what lies unread behind repeats and strays is taken in at the next start', async (t) => {
  let ledger = await opened(t)
  await ledger.bring(event('evt_1'))
  ledger.turn()
  for (const next of ['evt_2', 'evt_3']) {
    ledger = await opened(t, ledger.crash())
    await ledger.bring(event('evt_1'), event('evt_stray', STRAY))
    ledger.turn()
    await ledger.bring(event(next))
  }

  ledger = await opened(t, ledger.crash())

  assert.deepEqual(ledger.ids(), ['evt_3', 'evt_2', 'evt_1'])
  assert.equal((await straysOf(ledger)).length, 2)
})

test('what lies unread behind events that retention has deleted is taken in at the next start', async (t) => {
  const clock = new VirtualClock(Date.now())
  const ledger = await opened(t, undefined, { logClock: new VirtualClock(Date.now()) })
  await ledger.bring(event('evt_1', { as: 'record' }))
  ledger.turn()
  await passes(ledger, 91 * DAY_MS)
  assert.deepEqual(ledger.ids(), [])
  await ledger.bring(event('evt_2'))

  const next = await opened(t, ledger.crash(), { clock })

  assert.deepEqual(next.ids(), ['evt_2'])
})

async function passes(ledger: Ledger, ms: number): Promise<void> {
  for (let pass = 0; pass < 10; pass++) {
    await ledger.clock.leap(pass === 0 ? ms : 1000)
    ledger.turn()
  }
}

const straysOf = async (ledger: Ledger): Promise<readonly Stray[]> =>
  ((await ledger.ask('strays', null, 10)) as Page<Stray>).data
