import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Reader, Unverified } from '../../src/ingestion/unverified.ts'

const limits = { freeBytes: 10, perAddressBytesMax: 100, totalBytesMax: 1_000 }
const reader = (address: string): Reader => ({ address, bytes: 0, paused: false, pause() {}, resume() {} })

test('over the bound of an address all but the first wait, and go on when it is done', () => {
  const unverified = new Unverified(limits)
  const [first, second, elsewhere] = [reader('a'), reader('a'), reader('b')]
  unverified.add(first, 90)
  unverified.add(second, 20)
  unverified.add(elsewhere, 90)
  assert.deepEqual([first.paused, second.paused, elsewhere.paused], [false, true, false])
  unverified.add(first, 50)
  assert.equal(first.paused, false, 'somebody is always read on')
  unverified.remove(first)
  assert.equal(second.paused, false)
})

test('an ordinary event is read on whatever its address has under way', () => {
  const unverified = new Unverified(limits)
  for (let i = 0; i < 50; i++) unverified.add(reader('a'), 90)
  const ordinary = reader('a')
  unverified.add(ordinary, 10)
  assert.equal(ordinary.paused, false)
})

test('over the bound of all one large body at a time is read on', () => {
  const unverified = new Unverified(limits)
  const readers = Array.from({ length: 30 }, (_, i) => reader(`address-${i}`))
  for (const one of readers) unverified.add(one, 90)
  for (const one of readers) unverified.add(one, 1)
  assert.equal(readers.filter(({ paused }) => !paused).length, 1)
  for (const one of readers) {
    assert.equal(one.paused, false, 'each has its turn')
    unverified.remove(one)
  }
  assert.equal(unverified.bytes, 0)
})

test('in any order of pieces and ends, while somebody reads somebody goes on, and at the end nothing is counted', () => {
  const step = fc.record({ who: fc.nat(7), bytes: fc.integer({ min: 0, max: 300 }), end: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const unverified = new Unverified(limits)
      const readers = Array.from({ length: 8 }, (_, i) => reader(`address-${i % 3}`))
      const live = new Set<Reader>()
      for (const { who, bytes, end } of steps) {
        const one = readers[who] as Reader
        if (end) {
          unverified.remove(one)
          if (live.delete(one)) Object.assign(one, { bytes: 0, paused: false })
        } else if (!one.paused) {
          unverified.add(one, bytes)
          live.add(one)
        }
        assert.ok(live.size === 0 || [...live].some(({ paused }) => !paused), 'all wait for one another')
      }
      for (const one of live) unverified.remove(one)
      assert.equal(unverified.bytes, 0)
    }),
  )
})
