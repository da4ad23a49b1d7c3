import assert from 'node:assert/strict'
import { test } from 'node:test'
import { effectsOf } from '../chaos/books.ts'
import { eventBody } from '../chaos/delivery.ts'
import { inFiles, ledgerIn } from '../chaos/ground.ts'
import { signal } from '../chaos/here.ts'
import { Sender } from '../chaos/sender.ts'
import { pause, worked } from '../chaos/settle.ts'
import { Up } from '../chaos/up.ts'
import { envelope, pass, turns, virtual } from '../chaos/virtual.ts'
import { witness } from '../chaos/witness.ts'
import { Place } from '../services/place.ts'
import { full } from '../size.ts'

// A lease is the handler's time-out and 10 s.
const HANDLER_MS = 500
const STOPPED_MS = 12_000

if (inFiles())
  test('a handler that wakes after its lease has run out cannot commit, and the event is worked once in effect', async (t) => {
    const { clock, store, handlers, worker, found, lines, stopped } = await virtual(t)
    const first = signal()
    const tried: string[] = []
    handlers.on('*', { name: 'late', timeoutMs: HANDLER_MS }, async ({ id }, { attempt, transaction }) => {
      if (attempt === 1) await first.promise
      const ended = transaction((db) => {
        db.exec('create table if not exists effects (id text, attempt integer)')
        db.prepare('insert into effects values (?, ?)').run(id, attempt)
      })
      await ended.then(
        () => tried.push(`${attempt} committed`),
        ({ code }) => tried.push(`${attempt} ${code}`),
      )
      await ended
    })
    await store.ledger.admit([envelope(clock)])
    await worker.start()
    await turns()

    assert.equal((await found({ state: 'running' })).length, 1)
    stopped(STOPPED_MS)
    first.resolve()
    await turns()
    await pass(clock, { ms: 20_000, stepMs: 500 })

    assert.deepEqual(tried, ['1 stale_lease', '2 committed'])
    assert.equal((await found())[0]?.state, 'done')
    assert.equal(lines.filter(({ fields }) => fields['outcome'] === 'late').length, 1)
  })

if (full)
  test('SIGSTOP past a lease and SIGCONT: the old handler is refused, the event is worked once in effect', async (t) => {
    const place = new Place('stopped')
    t.after(() => place.end())
    const heard = await witness(t)
    const ledger = await ledgerIn(place)
    const env = { HELD_URL: heard.url, HOOKKEEPER_PROCESSING_HANDLER_MS: String(HANDLER_MS) }
    const up = await new Up({ place, ledger, port: await place.port(), handlers: 'held', env }).started()
    const sender = new Sender(up.origin)
    t.after(() => sender.close())

    heard.hold('/evt_late/1/began')
    assert.equal((await sender.post(eventBody({ id: 'evt_late' }))).status, 200)
    await heard.heard('/evt_late/1/began')
    const refused = up.line(({ outcome, id }) => outcome === 'late' && id === 'evt_late', 60_000)
    up.signal('SIGSTOP')
    await pause(STOPPED_MS)
    heard.release('/evt_late/1/began')
    up.signal('SIGCONT')
    await Promise.all([refused, heard.heard('/evt_late/2/committed')])
    assert.equal(await worked(up, 30_000), 0)
    assert.equal((await up.stop()).code, 0)

    assert.deepEqual(heard.told, [
      '/evt_late/1/began',
      '/evt_late/1/stale_lease',
      '/evt_late/2/began',
      '/evt_late/2/committed',
    ])
    assert.equal((await effectsOf(ledger)).length, 1)
  })
