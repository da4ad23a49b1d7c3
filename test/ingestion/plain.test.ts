import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPlain } from '../../src/ingestion/plain.ts'

const BODY = '{"id":"evt_1"}'
const FIELDS = ['Host: x', 'User-Agent: Stripe/1.0', 'Stripe-Signature: t=1,v1=a', `Content-Length: ${BODY.length}`]
const request = (fields = FIELDS, body = BODY, line = 'POST /webhooks/stripe HTTP/1.1') =>
  Buffer.from(`${[line, ...fields].join('\r\n')}\r\n\r\n${body}`, 'latin1')
const without = (name: string) => FIELDS.filter((field) => !field.startsWith(name))

test('a delivery as senders write it is read', () => {
  const read = readPlain(
    request([...FIELDS, 'Connection: keep-alive', 'X-Forwarded-For: 1.2.3.4', 'x-forwarded-for: ::1 ']),
  )

  assert.equal(read?.target, '/webhooks/stripe')
  assert.equal(read.signature, 't=1,v1=a')
  assert.equal(read.forwarded, '1.2.3.4, ::1')
  assert.equal(read.body.toString(), BODY)
})

test('whatever is not exactly that is left to node:http', () => {
  const left: Record<string, Buffer> = {
    'another method': request(FIELDS, BODY, 'PUT /webhooks/stripe HTTP/1.1'),
    'an older version': request(FIELDS, BODY, 'POST /webhooks/stripe HTTP/1.0'),
    'a whole address as target': request(FIELDS, BODY, 'POST http://x/webhooks/stripe HTTP/1.1'),
    'a fragment': request(FIELDS, BODY, 'POST /webhooks/stripe#a HTTP/1.1'),
    'two spaces in the first line': request(FIELDS, BODY, 'POST  /webhooks/stripe HTTP/1.1'),
    'no host': request(without('Host')),
    'two hosts': request([...FIELDS, 'Host: y']),
    'no signature': request(without('Stripe-Signature')),
    'two signatures': request([...FIELDS, 'Stripe-Signature: t=2,v1=b']),
    'no length': request(without('Content-Length')),
    'two equal lengths': request([...FIELDS, `Content-Length: ${BODY.length}`]),
    'a signed length': request([...without('Content-Length'), `Content-Length: +${BODY.length}`]),
    'a length in two numbers': request([
      ...without('Content-Length'),
      `Content-Length: ${BODY.length}, ${BODY.length}`,
    ]),
    'a length with a zero in front': request([...without('Content-Length'), `Content-Length: 0${BODY.length}`]),
    'no body': request([...without('Content-Length'), 'Content-Length: 0'], ''),
    'less than announced': request(FIELDS, BODY.slice(1)),
    'more than announced': request(FIELDS, `${BODY}POST`),
    'a chunked body': request([...FIELDS, 'Transfer-Encoding: chunked']),
    'an encoding in odd letters': request([...FIELDS, 'tRANSFER-eNCODING: identity']),
    'an expectation': request([...FIELDS, 'Expect: 100-continue']),
    'an upgrade': request([...FIELDS, 'Upgrade: h2c']),
    'an end announced': request([...FIELDS, 'Connection: close']),
    'fields for the connection': request([...FIELDS, 'Connection: keep-alive, Stripe-Signature']),
    'a folded line': request([...FIELDS, ' folded']),
    'a space before the colon': request([...FIELDS, 'A : b']),
    'a line without a colon': request([...FIELDS, 'abc']),
    'a bare line feed': request([...FIELDS, 'A: b\nContent-Length: 3']),
    'a bare carriage return': request([...FIELDS, 'A: b\rc']),
    'a zero byte': request([...FIELDS, 'A: b\0']),
    'a byte beyond ASCII': request([...FIELDS, 'A: \xe9']),
    'a head without end': Buffer.from(`POST / HTTP/1.1\r\n${'A: b\r\n'.repeat(10)}`),
    'a head of 5 KB': request([...FIELDS, `A: ${'b'.repeat(5_000)}`]),
    nothing: Buffer.alloc(0),
  }
  for (const [what, bytes] of Object.entries(left)) assert.equal(readPlain(bytes), null, what)
})

test('the time for a head grows no faster than the head: no pattern has two loops in a row that take the same character', () => {
  const source = readFileSync(new URL('../../src/ingestion/plain.ts', import.meta.url), 'utf8')
  const patterns = [...source.matchAll(/^const \w+ = \/(.+)\/[a-z]*$/gm)].map(([, pattern]) => pattern as string)
  assert.ok(patterns.length >= 3)

  for (const pattern of patterns) assert.deepEqual(sharedByLoops(pattern), [], pattern)
  assert.deepEqual(sharedByLoops('a:[ \\t]*([\\t-~]*)b'), ['[ \\t]* and [\\t-~]* take "\\t"'])
})

/** Loops over one character or class that follow one another directly, and the first character that both take. */
function sharedByLoops(pattern: string): string[] {
  const loops = [...pattern.matchAll(/(\[(?:\\.|[^\]\\])*\]|\\.|[^\\()[\]*+?{}|])(?:[*+]|\{\d+,\d*\})/g)]
  return loops.slice(1).flatMap((loop, n) => {
    const before = loops[n] as RegExpExecArray
    if (/[^()]/.test(pattern.slice(before.index + before[0].length, loop.index))) return []
    const takesBoth = (char: string) => [before, loop].every(([, set]) => new RegExp(`^${set}$`).test(char))
    const both = CHARACTERS.find(takesBoth)
    return both === undefined ? [] : [`${before[0]} and ${loop[0]} take ${JSON.stringify(both)}`]
  })
}

const CHARACTERS = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))

test('what is read here, node:http reads the same', async () => {
  const field = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...FIELDS) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'Accept: */*',
        'Connection: keep-alive',
        'content-length: 14',
        'HOST:y',
        'X-A:\t b \t',
        'X-A: \t \t',
        'X-A:',
        'X-Forwarded-For:\t  1.2.3.4 \t , ::1',
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('Transfer-Encoding: chunked', 'A: \x7f', 'A', ' b', 'A: b\nC: d', 'A\r: b', ':c'),
    },
  )
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constant('POST /webhooks/stripe HTTP/1.1') },
    fc.constantFrom(
      'POST /a?b=%20c&d HTTP/1.1',
      'POST /a"{}|\\^` HTTP/1.1',
      'post / HTTP/1.1',
      'POST / HTTP/1.1 ',
      'POST /\x7f HTTP/1.1',
    ),
  )
  const body = fc.oneof(
    { weight: 4, arbitrary: fc.constant(BODY) },
    fc.constantFrom('', `${BODY}x`, '0\r\n\r\n', BODY.slice(2)),
  )
  const flip = fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { freq: 2 })
  const cases = fc.sample(
    fc.tuple(line, fc.shuffledSubarray(FIELDS, { minLength: 3 }), fc.array(field, { maxLength: 2 }), body, flip),
    {
      numRuns: 4_000,
      seed: 77,
    },
  )
  let plain = 0
  for (const [first, fields, more, content, flipped] of cases) {
    const bytes = request([...fields, ...more], content, first)
    if (flipped) bytes[flipped[0] % bytes.length] = flipped[1]
    const read = readPlain(bytes)
    if (read === null) continue
    plain++
    const said = JSON.stringify(bytes.toString('latin1'))
    const [other, ...rest] = await byNode(bytes)
    assert.ok(other, `node:http takes no request from ${said}`)
    assert.deepEqual(rest, [], said)
    assert.deepEqual({ ...read, body: read.body.toString('latin1') }, other, said)
  }
  assert.ok(plain > 500, `only ${plain} of ${cases.length} were plain`)
})

/** The requests that node:http takes out of these bytes. */
async function byNode(bytes: Buffer): Promise<object[]> {
  const taken: object[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => {
      taken.push(asPlain(req, Buffer.concat(chunks)))
      res.end()
    })
  })
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  server.on('clientError', () => socket.destroy())
  server.emit('connection', socket)
  socket.push(bytes)
  socket.push(null)
  await new Promise<void>((resolve) => socket.once('close', resolve))
  return taken
}

const asPlain = ({ url, headers }: IncomingMessage, body: Buffer) => ({
  target: url,
  signature: headers['stripe-signature'],
  forwarded: headers['x-forwarded-for'],
  body: body.toString('latin1'),
})
