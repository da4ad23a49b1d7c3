import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { account, looked, nothingWrong } from '../chaos/books.ts'
import { eventBody } from '../chaos/delivery.ts'
import { ledgerIn } from '../chaos/ground.ts'
import { Load } from '../chaos/load.ts'
import { Sender } from '../chaos/sender.ts'
import { worked } from '../chaos/settle.ts'
import { Up } from '../chaos/up.ts'
import { Place } from '../services/place.ts'
import { seed, sized } from '../size.ts'

const ROUNDS = sized({ tenth: 3, whole: 30 })
const DRAIN_MS = 500
/** Requests under way get 5 s, handlers DRAIN_MS, results and give-backs 3 s; the rest is for a busy machine. */
const BOUND_MS = 5_000 + DRAIN_MS + 3_000 + 5_000

const env = { HOOKKEEPER_PROCESSING_DRAIN_MS: String(DRAIN_MS) }

test(`SIGTERM under load, ${ROUNDS} times: exit 0 in time, nothing stays leased, nothing is lost, nothing doubled`, async (t) => {
  const place = new Place('drained')
  t.after(() => place.end())
  const ledger = await ledgerIn(place)
  const options = { place, ledger, port: await place.port(), handlers: 'slow', env }
  let up = await new Up(options).started()
  const sender = new Sender(up.origin)
  t.after(() => sender.close())
  const load = new Load({ sender, random: seeded(seed), ratePerSecond: 400, customers: 100, repeats: 0.1 }).start()

  for (let round = 0; round < ROUNDS; round++) {
    const enough = load.acknowledged.size + 300
    await load.until('300 more ids with a 200', () => load.acknowledged.size >= enough)
    const from = performance.now()
    assert.deepEqual(await up.stop(), { code: 0, signal: null }, up.words)
    assert.ok(performance.now() - from < BOUND_MS, `it took ${performance.now() - from} ms`)
    up = await new Up(options).started()
  }
  await load.stop()
  assert.equal(await worked(up, 30_000), 0)
  assert.equal((await up.stop()).code, 0)

  const books = await account(ledger, load.acknowledged)
  t.diagnostic(`seed ${seed}: answers ${JSON.stringify(load.answers)}; ${books.events} recorded`)
  assert.deepEqual(books.wrong, nothingWrong, `seed ${seed}`)
  assert.equal(books.lostLeases, 0)
  assert.deepEqual(
    Object.keys(load.answers).filter((answer) => !['200', '503', 'no answer'].includes(answer)),
    [],
  )
})

test('SIGTERM while a handler does not come back: it is given back, its attempt uncounted, and the exit is 0', async (t) => {
  const place = new Place('deaf')
  t.after(() => place.end())
  const ledger = await ledgerIn(place)
  const up = await new Up({ place, ledger, port: await place.port(), handlers: 'slow', env }).started()
  const sender = new Sender(up.origin)
  t.after(() => sender.close())

  assert.equal((await sender.post(eventBody({ id: 'evt_deaf', type: 'charge.failed' }))).status, 200)
  await leased(up)
  assert.deepEqual(await up.stop(), { code: 0, signal: null }, up.words)

  const { entries, lostLeases } = await looked(ledger)
  assert.deepEqual(
    entries.map(({ id, state, attempts }) => ({ id, state, attempts })),
    [{ id: 'evt_deaf', state: 'waiting', attempts: 0 }],
  )
  assert.equal(lostLeases, 0)
})

async function leased(up: Up): Promise<void> {
  while ((await up.get<{ backlog: { running: number } }>('/api/v1/status')).backlog.running === 0);
}

test('told to end, a process ends, whatever its handlers left open', async (t) => {
  const place = new Place('lingering')
  t.after(() => place.end())
  const ledger = await ledgerIn(place)
  const up = await new Up({ place, ledger, port: await place.port(), handlers: 'lingering' }).started()

  assert.deepEqual(await up.stop(), { code: 0, signal: null })
})
