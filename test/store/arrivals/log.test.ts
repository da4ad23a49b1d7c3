import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../../src/core/clock.ts'
import type { Envelope } from '../../../src/core/event.ts'
import { silent } from '../../../src/core/service.ts'
import { Arrivals } from '../../../src/store/sqlite/arrivals/arrivals.ts'
import { readFrame, roomFor, writeFrame } from '../../../src/store/sqlite/arrivals/frame.ts'
import { ArrivalsLog } from '../../../src/store/sqlite/arrivals/log.ts'
import { fileOf, folderOf, type Place, placeOf, segmentOf } from '../../../src/store/sqlite/arrivals/place.ts'
import { Progress } from '../../../src/store/sqlite/arrivals/progress.ts'
import { fromRow } from '../../../src/store/sqlite/envelopes.ts'
import { event, ledgerPath } from './setup.ts'

test('a frame reads back as what was written, and is nothing once one byte of it is another', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 })
  const arbitrary = fc.record({
    id: text,
    lane: text,
    object: fc.option(text),
    body: fc.uint8Array({ maxLength: 300 }),
  })
  fc.assert(
    fc.property(arbitrary, fc.nat(), ({ id, ...changes }, damaged) => {
      const written = event(id, changes)
      const bytes = Buffer.alloc(roomFor([written]))
      const end = writeFrame(bytes, 0, written, 17)
      const frame = readFrame(bytes.subarray(0, end), 0, false)!
      assert.deepEqual(fromRow(frame.facts, new Uint8Array(frame.body)), {
        ...written,
        body: new Uint8Array(written.body),
      })
      assert.deepEqual([frame.receivedAt, frame.bytes], [17, end])
      bytes[damaged % end]! ^= 1
      assert.equal(readFrame(bytes.subarray(0, end), 0, false), null)
    }),
  )
})

test('what was appended is read in order, across segments, also by the next process', async (t) => {
  const ledger = ledgerPath(t)
  const first = opened(t, ledger)
  await first.append('a', 'b')
  assert.deepEqual(first.read(), ['a', 'b'])
  await first.append('c')
  await first.close()

  const second = opened(t, ledger)
  await second.append('d')
  assert.deepEqual(second.read(), ['a', 'b', 'c', 'd'])
  assert.deepEqual(first.places.map(segmentOf), [1, 1, 1])
  assert.deepEqual(second.places.map(segmentOf), [2])
})

test('an event larger than a chunk is read whole', async (t) => {
  const log = opened(t, ledgerPath(t))
  const large = event('large', { body: Buffer.alloc(3_000_000, 'x') })
  await log.bring([event('a'), large, event('b')])
  assert.deepEqual(log.read(), ['a', 'large', 'b'])
  assert.equal(log.arrivals.body(log.places[1]!)?.byteLength, 3_000_000)
})

test('what a crash tore at the end is passed over, wherever it tore it, and all before it is there', async (t) => {
  const ledger = ledgerPath(t)
  const before = opened(t, ledger)
  await before.append('a', 'b', 'torn')
  await before.close()
  const file = fileOf(folderOf(ledger), 1)
  const whole = readFileSync(file)
  const last = before.places[2]! - placeOf(1, 0)

  for (let length = last; length < whole.length; length += 7) {
    writeFileSync(file, whole)
    truncateSync(file, length)
    assert.deepEqual(opened(t, ledger).read(), ['a', 'b'])
  }
  writeFileSync(file, whole.subarray(0, last))
  appendFileSync(file, Buffer.alloc(5000))
  assert.deepEqual(opened(t, ledger).read(), ['a', 'b'], 'zeroes where a block was never written')
})

test('a write that fails is refused as a whole, and the next one goes on behind what was there', async (t) => {
  const log = opened(t, ledgerPath(t))
  await log.append('a')
  const unwritable = event('b', { lane: 'x'.repeat(40_000) })
  await assert.rejects(log.bring([event('c'), unwritable]))
  await log.append('d')
  assert.deepEqual(log.read(), ['a', 'd'])
})

test('the writer is called only while it sleeps', async (t) => {
  const log = opened(t, ledgerPath(t))
  await log.append('a')
  assert.equal(log.calls(), 0, 'nobody sleeps')
  assert.equal(log.arrivals.sleep(), false, 'there is something to read')
  assert.deepEqual(log.read(), ['a'])
  assert.equal(log.arrivals.sleep(), true)
  await log.append('b')
  await log.append('c')
  assert.equal(log.calls(), 1)
})

/** Both ends of the arrivals of a ledger in one thread. */
function opened(t: TestContext, ledger: string) {
  const progress = new Progress()
  const arrivals = new Arrivals(ledger, progress, silent)
  arrivals.begin(placeOf(1, 0))
  let calls = 0
  const log = new ArrivalsLog(folderOf(ledger), {
    first: arrivals.following,
    progress,
    clock: systemClock,
    rouse: () => calls++,
  })
  const places: Place[] = []
  const bring = (events: readonly Envelope[]) => log.append(events, (written) => void places.push(...written))
  t.after(() => log.close().then(() => arrivals.close()))
  return {
    arrivals,
    places,
    calls: () => calls,
    bring,
    append: (...ids: string[]) => bring(ids.map((id) => event(id))),
    read(): string[] {
      const ids: string[] = []
      for (let next = arrivals.next(); next; next = arrivals.next()) ids.push(next.frame.facts[0])
      return ids
    },
    close: () => log.close(),
  }
}
