import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEARTBEAT_MS, TAILS_MAX } from '../../src/console/routes/tail.ts'
import { settled } from '../../src/core/clock.ts'
import { setUp } from './setup.ts'

/** A tail without a socket, read piece by piece; `stop` is the listener's end. */
async function tailed(of: ReturnType<typeof setUp>, path = '/api/v1/tail', headers: Record<string, string> = {}) {
  const ending = new AbortController()
  const response = await of.api.request(path, { headers }, { ending: ending.signal })
  const reader = response.body?.getReader()
  const next = async () => {
    const read = reader!.read()
    // The first wait begins once the first look at the ledger is over; then long enough for a heartbeat.
    await settled()
    await of.clock.advance(HEARTBEAT_MS + 1000)
    const { value, done } = await read
    return done ? null : Buffer.from(value!).toString('utf8')
  }
  return { response, reader: reader!, next, stop: () => ending.abort() }
}

test('a tail tells what happens from now on, one message per change, the last with its cursor', async () => {
  const of = setUp()
  of.put('evt_before')
  const { response, next, stop } = await tailed(of)
  of.put('evt_1', { tenant: { connected: 'acct_1' } })
  of.put('evt_2')

  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const written = (await next())!.split('\n\n')
  assert.deepEqual(written, [
    'event: change\ndata: {"id":"evt_1","type":"invoice.paid","account":"default","connected":"acct_1","livemode":false,"at":"2026-01-01T00:00:00.000Z","kind":"admitted","reason":null}',
    'id: 3\nevent: change\ndata: {"id":"evt_2","type":"invoice.paid","account":"default","connected":null,"livemode":false,"at":"2026-01-01T00:00:00.000Z","kind":"admitted","reason":null}',
    '',
  ])
  stop()
})

test('a tail goes on from the cursor of an earlier one, as a browser or as a program sends it', async () => {
  const of = setUp()
  for (const id of ['evt_1', 'evt_2', 'evt_3']) of.put(id)

  const program = await tailed(of, '/api/v1/tail?cursor=2')
  const browser = await tailed(of, '/api/v1/tail', { 'last-event-id': '1' })

  assert.match((await program.next())!, /^id: 3\nevent: change\ndata: \{"id":"evt_3"/)
  assert.equal((await browser.next())!.match(/event: change/g)?.length, 2)
  program.stop()
  browser.stop()
})

test('a tail on which nothing happens says so every 15 s, and ends when the listener does', async () => {
  const of = setUp()
  const { next, stop } = await tailed(of)

  assert.equal(await next(), ': still here\n\n')
  stop()
  assert.equal(await next(), null)
})

test('a reader that does not read costs no reading of the ledger', async () => {
  const of = setUp()
  const { changes } = of.store.ledger
  let asked = 0
  of.store.ledger.changes = async (cursor, max) => {
    asked++
    return changes(cursor, max)
  }
  const { stop } = await tailed(of)

  await of.clock.advance(60_000)

  assert.equal(asked, 1, 'where now is, and nothing more')
  stop()
})

test('a ledger that fails ends the tail, and gives its seat back', async () => {
  const of = setUp()
  for (let n = 0; n <= TAILS_MAX; n++) {
    const { reader, response, stop } = await tailed(of, '/api/v1/tail?cursor=0')
    assert.equal(response.status, 200, `tail ${n}`)
    of.store.ledger.changes = async () => {
      throw new Error('closed')
    }
    await assert.rejects(reader.read())
    stop()
  }
})

test('there are so many tails and no more, and one that ends makes room', async () => {
  const of = setUp()
  const tails: Awaited<ReturnType<typeof tailed>>[] = []
  for (let n = 0; n < TAILS_MAX; n++) tails.push(await tailed(of))
  for (const { next } of tails) await next()

  const refused = await of.get('/api/v1/tail')
  assert.deepEqual([refused.status, refused.json.error.code], [503, 'tails_full'])

  await tails[0]!.reader.cancel()
  const { response, stop } = await tailed(of)
  assert.equal(response.status, 200)
  for (const one of tails) one.stop()
  stop()
})
