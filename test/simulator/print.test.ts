import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../src/core/outcome.ts'
import { print } from '../../src/simulator/print.ts'

test('a body has two spaces, raw UTF-8 and empty containers over several lines, as Stripe prints', () => {
  const value = { id: 'evt_1', name: 'Zoë 会社', empty: { list: [], fields: {} }, last: [[], 1] }

  const body = print(value).toString('utf8')

  const lines = [
    '{',
    '  "id": "evt_1",',
    '  "name": "Zoë 会社",',
    '  "empty": {',
    '    "list": [',
    '',
    '    ],',
    '    "fields": {',
    '    }',
    '  },',
    '  "last": [',
    '    [',
    '',
    '    ],',
    '    1',
    '  ]',
    '}',
  ]
  assert.equal(body, lines.join('\n'))
})

test('whatever is printed reads back the same, and differs from JSON.stringify in empty containers only', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const body = print(value as Json).toString('utf8')

      assert.equal(JSON.stringify(JSON.parse(body)), JSON.stringify(value))
      assert.equal(closed(body), JSON.stringify(value, null, 2))
    }),
    { numRuns: 500, seed: 31 },
  )
})

test('text that looks like an empty container stays as it is', () => {
  for (const text of ['[]', '{}', 'x []\u2028', '[]\r', '": []', '\u2029{}']) {
    assert.equal(print({ text }).toString('utf8'), JSON.stringify({ text }, null, 2))
  }
})

const closed = (body: string): string => body.replace(/\[\n\n *\]/g, '[]').replace(/\{\n *\}/g, '{}')
