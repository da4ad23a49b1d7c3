import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Answer, ResponseParser } from '../../bench/load/parser.ts'

const token = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
  .filter((name) => !['content-length', 'connection'].includes(name))
const response = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  headers: fc.array(fc.tuple(token, fc.stringMatching(/^[ -9;-~]{0,30}$/)), { maxLength: 5 }),
  lengthName: fc.constantFrom('Content-Length', 'content-length', 'CONTENT-LENGTH'),
  close: fc.boolean(),
  body: fc.uint8Array({ maxLength: 300 }),
})
type Response = typeof response extends fc.Arbitrary<infer V> ? V : never

test('any responses in any pieces are read as the same answers', () => {
  fc.assert(
    fc.property(fc.array(response, { maxLength: 5 }), fc.array(fc.nat({ max: 400 })), (responses, cuts) => {
      const answers = read(pieces(Buffer.concat(responses.map(bytesOf)), cuts))
      assert.deepEqual(
        answers,
        responses.map(({ status, close }) => ({ status, keepAlive: !close })),
      )
    }),
  )
})

test('a byte at a time is no different', () => {
  const bytes = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n',
  )
  const answers = read([...bytes].map((byte) => Buffer.from([byte])))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 503],
  )
})

test('an answer comes with the last byte of its body, not before', () => {
  const answers: Answer[] = []
  const parser = new ResponseParser((answer) => answers.push(answer))

  parser.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na'))
  assert.equal(answers.length, 0)
  parser.push(Buffer.from('b'))
  assert.equal(answers.length, 1)
})

for (const [what, text] of Object.entries({
  'another version': 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  'no status': 'HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n',
  'no length': 'HTTP/1.1 200 OK\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
  'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
  chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a folded header': 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n',
  'a head without an end': `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(9_000)}`,
}))
  test(`a response with ${what} is refused`, () => {
    assert.throws(() => read([Buffer.from(text)]), /response/)
  })

function read(chunks: readonly Uint8Array[]): Answer[] {
  const answers: Answer[] = []
  const parser = new ResponseParser(({ status, keepAlive }) => answers.push({ status, keepAlive }))
  for (const chunk of chunks) parser.push(chunk)
  return answers
}

function bytesOf({ status, headers, lengthName, close, body }: Response): Buffer {
  const lines = [
    `HTTP/1.1 ${status} Some Words`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `${lengthName}: ${body.length}`,
    ...(close ? ['Connection: close'] : []),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body])
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const result: Buffer[] = []
  let at = 0
  for (const cut of cuts) {
    result.push(bytes.subarray(at, at + cut))
    at += cut
  }
  return [...result, bytes.subarray(at)]
}
