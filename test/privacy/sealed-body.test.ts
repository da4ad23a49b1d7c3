import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyIdOf, OVERHEAD_BYTES, openWith, sealWith } from '../../src/privacy/sealed-body.ts'
import { BODY, BOUND } from './setup.ts'

const KEY = { id: '0011223344556677', key: createSecretKey(Buffer.alloc(32, 7)) }
const OTHER = { id: '0011223344556677', key: createSecretKey(Buffer.alloc(32, 8)) }

test('what was sealed opens to the same bytes, and is longer by what is said', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), fc.string(), fc.string(), (body, id, lane) => {
      const sealed = sealWith(KEY, body, { id, lane })

      assert.equal(sealed.byteLength, body.byteLength + OVERHEAD_BYTES)
      assert.deepEqual(openWith(KEY, sealed, { id, lane }), body)
    }),
    { numRuns: 200 },
  )
})

// Bodies lie in brokers while a release is replaced by the next: this one has to open for as long as form 1 is known.
test('the form is as it ever was', () => {
  // Form, key id and nonce; the body; the tag. Another implementation of AES-GCM made the same.
  const golden = [
    '010011223344556677090909090909090909090909',
    '5ca7edf09ccae304d6169409c4c681b0b6da069040cccde20ad823c8a1567c',
    '2225b00b926c35ad9d0e2fbeb6f9a523',
  ].join('')
  const sealed = sealWith(KEY, BODY, BOUND, Buffer.alloc(12, 9))

  assert.equal(Buffer.from(sealed).toString('hex'), golden)
  assert.deepEqual(openWith(KEY, Buffer.from(golden, 'hex'), BOUND), BODY)
})

test('a byte that was changed anywhere keeps a body shut', () => {
  const sealed = sealWith(KEY, BODY, BOUND)

  for (let at = 0; at < sealed.byteLength; at++) {
    const changed = sealed.slice()
    changed[at]! ^= 1
    assert.equal(openWith(KEY, changed, BOUND), null, `byte ${at} of ${sealed.byteLength}`)
  }
})

test('a body that was cut, lengthened, or sealed with another key stays shut', () => {
  const sealed = sealWith(KEY, BODY, BOUND)

  assert.equal(openWith(KEY, sealed.subarray(0, -1), BOUND), null)
  assert.equal(openWith(KEY, Buffer.concat([sealed, Buffer.of(0)]), BOUND), null)
  assert.equal(openWith(OTHER, sealed, BOUND), null)
})

test('a body opens under its own id and lane and no others, however they are cut', () => {
  const sealed = sealWith(KEY, BODY, { id: 'evt_1', lane: 'lane' })

  assert.equal(openWith(KEY, sealed, { id: 'evt_2', lane: 'lane' }), null)
  assert.equal(openWith(KEY, sealed, { id: 'evt_1', lane: 'other' }), null)
  assert.equal(openWith(KEY, sealed, { id: 'evt_1l', lane: 'ane' }), null)
  assert.equal(openWith(KEY, sealed, { id: 'lane', lane: 'evt_1' }), null)
})

test('two bodies that are equal look nothing alike once sealed, since no nonce is given twice', () => {
  const nonces = Array.from({ length: 2000 }, () => sealWith(KEY, BODY, BOUND).slice(9, 21))

  assert.equal(new Set(nonces.map((nonce) => Buffer.from(nonce).toString('hex'))).size, 2000)
})

test('what is too short, or of another form, names no key', () => {
  const sealed = sealWith(KEY, BODY, BOUND)

  assert.equal(keyIdOf(sealed), KEY.id)
  assert.equal(keyIdOf(sealed.subarray(0, OVERHEAD_BYTES - 1)), null)
  assert.equal(keyIdOf(new Uint8Array(0)), null)
  assert.equal(keyIdOf(Uint8Array.from([2, ...sealed.subarray(1)])), null)
  assert.equal(keyIdOf(BODY), null)
})
