import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { Admission, type AdmissionState, admissionDefaults, freeBytesOf, stops } from '../../src/ingestion/admission.ts'
import { recordingLog } from './fixture.ts'

const fine: AdmissionState = { freeBytes: 1e12, unrecordedBytes: 0, append: 'works', probeAt: 0 }
const stop = (state: Partial<AdmissionState>, bytes = 3_000, now = 1_000) =>
  stops({ ...fine, ...state }, admissionDefaults, bytes, now)

test('nothing stops a healthy store', () => {
  assert.equal(stop({}), null)
  assert.equal(stop({ freeBytes: null }), null, 'a disk that cannot be asked refuses nothing')
})

test('each thing that stops a durable write has its own reason', () => {
  const { diskReserveBytes, unrecordedBytesMax } = admissionDefaults
  assert.equal(stop({ freeBytes: diskReserveBytes - 1 }), 'disk_reserve')
  assert.equal(stop({ freeBytes: diskReserveBytes }), null)
  assert.equal(stop({ unrecordedBytes: unrecordedBytesMax }), 'memory_bound')
  assert.equal(stop({ unrecordedBytes: unrecordedBytesMax - 3_000 }), null)
  assert.equal(stop({ append: 'failed', probeAt: 1_001 }), 'store_unavailable')
  assert.equal(stop({ append: 'failed', probeAt: 1_000 }), null, 'the time for a probe has come')
  assert.equal(stop({ append: 'probing', probeAt: 0 }), 'store_unavailable')
})

test('a probe that the memory bound refuses leaves the next one its turn', () => {
  const clock = new VirtualClock(0)
  const admission = new Admission({ clock, log: silent, limits: { closedMs: 0, unrecordedBytesMax: 10 } })
  admission.failed()
  assert.equal(admission.take(11, 0)?.code, 'memory_bound')
  assert.equal(admission.take(10, 0), null)
  assert.equal(admission.take(0, 0)?.code, 'store_unavailable', 'now one is under way')
})

test('the log says once when the door closes and once when it opens', () => {
  const log = recordingLog()
  const admission = new Admission({ clock: new VirtualClock(0), log })
  for (let i = 0; i < 5; i++) admission.failed()
  for (let i = 0; i < 5; i++) admission.worked()
  assert.equal(log.lines.length, 2)
})

test('a disk that fails to answer is no reason to refuse, and stop ends the watching', async () => {
  const clock = new VirtualClock(0)
  let asked = 0
  const freeBytes = async () => {
    asked++
    throw new Error('EIO')
  }
  const admission = new Admission({ clock, log: silent, freeBytes })
  await admission.start()
  await admission.start()
  assert.equal(admission.take(1, 0), null)
  await clock.advance(3_000)
  assert.equal(asked, 4)
  await admission.stop()
  await clock.advance(10_000)
  assert.equal(asked, 4)
  assert.equal(clock.next(), null)
})

test('free bytes are those of the folder’s file system', async () => {
  assert.ok((await freeBytesOf(import.meta.dirname)()) > 0)
})
