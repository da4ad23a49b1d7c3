import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LambdaEvent, lambdaHandler } from '../../src/ingestion/lambda.ts'
import { eventBody, given, signed } from './fixture.ts'

const text = eventBody()
const signature = signed(text)
const plain = { body: text.toString(), isBase64Encoded: false }
const encoded = { body: text.toString('base64'), isBase64Encoded: true }
const multi = { 'Stripe-Signature': [signature], Accept: ['*/*'] }

const rest = (more: Partial<LambdaEvent> = {}): LambdaEvent => ({
  httpMethod: 'POST',
  headers: { 'Stripe-Signature': signature },
  multiValueHeaders: multi,
  requestContext: {},
  ...plain,
  ...more,
})
const http = (more: Partial<LambdaEvent> = {}): LambdaEvent => ({
  version: '2.0',
  headers: { 'stripe-signature': signature },
  requestContext: { http: { method: 'POST' } },
  ...plain,
  ...more,
})
const elb = { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b' } }
const balanced = (more: Partial<LambdaEvent> = {}): LambdaEvent => ({
  httpMethod: 'POST',
  headers: { 'stripe-signature': signature },
  requestContext: elb,
  ...plain,
  ...more,
})

const roads = {
  'a REST API': rest,
  'an HTTP API or a function URL': http,
  'a load balancer': balanced,
}

for (const [name, road] of Object.entries(roads))
  for (const [how, body] of Object.entries({ plain, 'in base64': encoded }))
    test(`${name}, ${how}: the bytes are verified and recorded as Stripe sent them`, async () => {
      const { intake, ledger } = given()

      const { statusCode, body: answer, isBase64Encoded } = await lambdaHandler(intake)(road(body))

      assert.deepEqual([statusCode, answer, isBase64Encoded], [200, '{"received":true}', false])
      assert.deepEqual(
        ledger.admitted.map(({ body }) => Buffer.from(body)),
        [text],
      )
    })

test('API Gateway gets single headers, a load balancer a description, and multi-value headers alone where it sent such', async () => {
  const lambda = lambdaHandler(given().intake)

  const gateway = await lambda(rest())
  assert.equal(gateway.headers?.['Content-Type'], 'application/json')
  assert.equal('multiValueHeaders' in gateway, false)
  const single = await lambda(balanced())
  assert.equal(single.statusDescription, '200 OK')
  assert.equal(single.headers?.['Content-Type'], 'application/json')
  const many = await lambda(balanced({ headers: null, multiValueHeaders: multi }))
  assert.equal(many.statusCode, 200)
  assert.equal('headers' in many, false)
  assert.deepEqual(many.multiValueHeaders?.['Content-Type'], ['application/json'])
})

const refused: [string, LambdaEvent, number, string][] = [
  ['another method', http({ requestContext: { http: { method: 'GET' } } }), 405, 'method_not_allowed'],
  ['what is no request at all', {}, 405, 'method_not_allowed'],
  ['no body', rest({ body: null }), 400, 'body_empty'],
  ['a body that a template has parsed', rest({ body: { id: 'evt_1' } }), 500, 'body_already_parsed'],
  ['a signature of other bytes', rest({ body: `${plain.body} ` }), 400, 'signature_mismatch'],
  ['a body that is too large', http({ body: ' '.repeat(2_000) }), 413, 'body_too_large'],
  ['one that is too large in base64', http({ body: 'IAAA'.repeat(700), isBase64Encoded: true }), 413, 'body_too_large'],
]

for (const [name, event, status, code] of refused)
  test(`${name} gets ${status} and changes nothing`, async () => {
    const { intake, ledger } = given()

    const { statusCode, body } = await lambdaHandler(intake, { bodyBytesMax: 1_500 })(event)

    assert.deepEqual([statusCode, JSON.parse(body).error.code], [status, code])
    assert.equal(ledger.admitted.length, 0)
  })

test('a 503 says when to come again', async () => {
  const { intake, ledger } = given()
  ledger.failing = true

  const { statusCode, headers } = await lambdaHandler(intake)(http())

  assert.deepEqual([statusCode, headers?.['Retry-After']], [503, '5'])
})
