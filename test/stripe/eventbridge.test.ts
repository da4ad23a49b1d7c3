import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { detailOf } from '../../src/stripe/eventbridge.ts'

const source = 'aws.partner/stripe.com/ed_test_61'

test('the event is the very bytes that stand in the envelope', () => {
  const detail = '{ "id" : "evt_1", "text": "} \\" \\\\", "n": [1, {"a": 2.50}] }'
  const body = Buffer.from(
    `\n{ "version":"0","detail-type":"x", "source": "${source}" , "detail":${detail} , "z": {"detail": 1}}`,
  )

  assert.equal(Buffer.from(detailOf(body) ?? []).toString(), detail)
})

test('what is no envelope of Stripe has no event in it', () => {
  const others = [
    '',
    '[]',
    'null',
    '{"detail":{}}',
    '{"source":"aws.s3","detail-type":"x","detail":{}}',
    `{"source":"${source}","detail":{}}`,
    `{"source":"${source}","detail-type":"x","detail":{}`,
    `{"source":"${source}","detail-type":"x"}`,
  ]

  for (const other of others) assert.equal(detailOf(Buffer.from(other)), null, other)
})

test('whatever else stands around it and however it is laid out, what is cut out parses to what is in there', () => {
  const members = fc.array(fc.tuple(fc.string(), fc.jsonValue()), { maxLength: 4 })
  fc.assert(
    fc.property(fc.jsonValue(), members, fc.integer({ min: 0, max: 4 }), (detail, around, spaces) => {
      const envelope = { ...Object.fromEntries(around), 'detail-type': 'x', source, detail }
      const text = JSON.stringify(envelope, null, spaces)
      const cut = detailOf(Buffer.from(text))

      assert.deepEqual(JSON.parse(Buffer.from(cut ?? []).toString()), JSON.parse(text).detail)
    }),
    { seed: 7 },
  )
})
