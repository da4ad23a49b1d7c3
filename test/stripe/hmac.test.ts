import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { hmacHex } from '../../src/stripe/hmac.ts'

const reference = (secret: string, t: string, body: Uint8Array): string =>
  createHmac('sha256', secret).update(`${t}.`).update(body).digest('hex')

test('it is the HMAC of node:crypto, whatever the secret, the time and the body', () => {
  const secret = fc.oneof(
    fc.string({ minLength: 1, maxLength: 200 }),
    fc.constantFrom('x'.repeat(63), 'x'.repeat(64), 'x'.repeat(65)),
  )
  fc.assert(
    fc.property(
      secret,
      fc.stringMatching(/^[1-9][0-9]{0,11}$/),
      fc.uint8Array({ maxLength: 5_000 }),
      (key, t, body) => {
        assert.equal(hmacHex(key, t, body), reference(key, t, body))
      },
    ),
    { numRuns: 500, seed: 21 },
  )
})

test('the length of a body makes no difference, on either side of the room that all share', () => {
  for (const length of [0, 1, 65_459, 65_460, 65_461, 65_536, 1_048_576]) {
    const body = Buffer.alloc(length, 'é')
    assert.equal(hmacHex('whsec_1', '1790000000', body), reference('whsec_1', '1790000000', body), String(length))
  }
})
