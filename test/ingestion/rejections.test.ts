import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { Rejections } from '../../src/ingestion/rejections.ts'
import { recordingLog } from './fixture.ts'

test('an address gets five lines a minute, and one line says how many more there were', async () => {
  const clock = new VirtualClock(0)
  const log = recordingLog()
  const rejections = new Rejections({ clock, log })
  for (let i = 0; i < 1_000; i++) rejections.add('192.0.2.1', 'signature_mismatch', 400)
  rejections.add('192.0.2.2', 'signature_missing', 400)
  assert.equal(log.lines.length, 6)

  await clock.advance(60_000)
  assert.equal(log.lines.length, 7)
  assert.match(log.lines[6] as string, /"count":995/)
  rejections.add('192.0.2.1', 'signature_mismatch', 400)
  assert.equal(log.lines.length, 8, 'the next minute begins anew')
})

test('ten thousand addresses get no more lines than the total allows, and no memory', async () => {
  const clock = new VirtualClock(0)
  const log = recordingLog()
  const rejections = new Rejections({ clock, log })
  for (let i = 0; i < 10_000; i++) rejections.add(`10.0.${i >> 8}.${i & 255}`, 'signature_mismatch', 400)
  assert.equal(log.lines.length, 100)
  await clock.advance(60_000)
  assert.match(log.lines[100] as string, /"count":9900,"addresses":100/)
})

test('the addresses of one IPv6 network count as one, those of IPv4 in IPv6 form do not', () => {
  const log = recordingLog()
  const rejections = new Rejections({ clock: new VirtualClock(0), log })
  for (let i = 0; i < 20; i++) rejections.add(`2001:db8:1:2::${i.toString(16)}`, 'signature_mismatch', 400)
  assert.equal(log.lines.length, 5)
  for (let i = 0; i < 20; i++) rejections.add(`::ffff:192.0.2.${i}`, 'signature_mismatch', 400)
  assert.equal(log.lines.length, 25)
})

test('a quiet minute writes nothing', async () => {
  const clock = new VirtualClock(0)
  const log = recordingLog()
  new Rejections({ clock, log }).add('192.0.2.1', 'signature_missing', 400)
  await clock.advance(120_000)
  assert.equal(log.lines.length, 1)
})
