import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitsTo } from '../../src/cluster/front.ts'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import type { Answer } from '../../src/ingestion/answer.ts'
import { CANARY, euSecret, eventBody, given, NOW, secret, shopSecret, signed } from './fixture.ts'

const codeOf = (answer: Answer): string => JSON.parse(answer.body.toString()).error?.code ?? 'received'

test('a 200 comes only after the ledger has the event, and says received', async () => {
  const { intake, ledger, meter } = given()
  const open = ledger.hold()
  const body = eventBody()

  let answered = false
  const answer = Promise.resolve(intake.receive(body, signed(body), null)).then((it) => {
    answered = true
    return it
  })
  await settled()
  assert.equal(ledger.batches.length, 1)
  assert.equal(answered, false)
  open()

  const { status, body: text } = await answer
  assert.equal(status, 200)
  assert.equal(text.toString(), '{"received":true}')
  assert.deepEqual(meter.results, { 'default new': 1 })
})

test('the ledger gets the bytes untouched, with lane, rank and urgency', async () => {
  const { intake, ledger } = given()
  const body = eventBody()
  await intake.receive(body, signed(body), null)

  const [envelope] = ledger.admitted
  assert.ok(envelope)
  assert.deepEqual(envelope.body, body)
  assert.equal(envelope.lane, 'default/test:cus_1')
  assert.equal(envelope.endpoint, 'default')
  assert.equal(envelope.via, 'webhook')
  assert.equal(envelope.urgency, 'batch')
})

test('a repeat gets the same 200', async () => {
  const { intake, ledger, meter } = given()
  const body = eventBody()
  const answers = await Promise.all(Array.from({ length: 100 }, () => intake.receive(body, signed(body), null)))
  assert.ok(answers.every(({ status, body: text }) => status === 200 && text.toString() === '{"received":true}'))
  assert.equal(ledger.ids.size, 1)
  assert.deepEqual(meter.results, { 'default new': 1, 'default repeat': 99 })
  assert.equal(meter.lagMs.length, 1)
})

test('an unknown type is recorded like any other', async () => {
  const { intake, ledger } = given()
  const body = eventBody({ type: 'brand.reticulated' })
  assert.equal((await intake.receive(body, signed(body), null)).status, 200)
  assert.equal(ledger.admitted[0]?.type, 'brand.reticulated')
})

test('what arrives while batches are under way makes up the next, bounded in number', async () => {
  const { intake, ledger } = given({ limits: { batchMax: 10, admitsMax: 2 } })
  const open = ledger.hold()
  const receive = (i: number) => {
    const body = eventBody({ id: `evt_${i}` })
    return intake.receive(body, signed(body), null)
  }

  const answers = Array.from({ length: 5 }, (_, i) => receive(i))
  await settled()
  assert.deepEqual(
    ledger.batches.map((batch) => batch.length),
    [5],
    'what came together is one batch',
  )

  answers.push(...Array.from({ length: 25 }, (_, i) => receive(5 + i)))
  await settled()
  assert.deepEqual(
    ledger.batches.map((batch) => batch.length),
    [5, 10],
    'two at once and no more',
  )
  open()
  await Promise.all(answers)
  assert.deepEqual(
    ledger.batches.map((batch) => batch.length),
    [5, 10, 10, 5],
  )
  assert.deepEqual(
    ledger.admitted.map(({ id }) => id),
    Array.from({ length: 30 }, (_, i) => `evt_${i}`),
    'in order of arrival',
  )
})

test('where deliveries follow one another closely each waits for others, but not one that comes by itself', async () => {
  const clock = new VirtualClock(NOW)
  const { intake, ledger } = given({ clock, limits: { gatherMs: 2 } })
  const receive = (id: string) => {
    const body = eventBody({ id })
    return intake.receive(body, signed(body), null)
  }
  const sizes = () => ledger.batches.map(({ length }) => length)

  await receive('evt_first')
  assert.deepEqual(sizes(), [1])

  const answers = [receive('evt_second')]
  await settled()
  answers.push(receive('evt_third'))
  await settled()
  assert.deepEqual(sizes(), [1])
  await clock.advance(2)
  await Promise.all(answers)
  assert.deepEqual(sizes(), [1, 2])

  const many = [receive('evt_many_0')]
  await settled()
  many.push(...Array.from({ length: 7 }, (_, i) => receive(`evt_many_${i + 1}`)))
  await Promise.all(many)
  assert.deepEqual(sizes(), [1, 2, 8], 'so many are enough')

  await clock.advance(60)
  await receive('evt_last')
  assert.deepEqual(sizes(), [1, 2, 8, 1])
})

test('a broker says how many go into one of its requests: so many go at once, fewer wait for others', async () => {
  const clock = new VirtualClock(NOW)
  const requests = { of: 3, gatherMs: 5 }
  const traits = { durable: true, shared: true, ordered: false, batchMax: 100, bodyBytesMax: 100_000, requests }
  const { intake, ledger } = given({ clock, limits: commitsTo({ traits }) })
  const receive = (id: string) => {
    const body = eventBody({ id })
    return intake.receive(body, signed(body), null)
  }
  const sizes = () => ledger.batches.map(({ length }) => length)

  await receive('evt_first')
  const two = [receive('evt_2'), receive('evt_3')]
  await clock.advance(4)
  assert.deepEqual(sizes(), [1])
  await clock.advance(1)
  await Promise.all(two)
  const three = [receive('evt_4')]
  await settled()
  await Promise.all([...three, receive('evt_5'), receive('evt_6')])
  assert.deepEqual(sizes(), [1, 2, 3])
})

test('batches are bounded in bytes, and one large body still passes', async () => {
  const { intake, ledger } = given({ limits: { batchBytesMax: 4_000 } })
  const receive = (i: number, size: number) => {
    const body = eventBody({ id: `evt_${i}` }, { description: 'x'.repeat(size) })
    return intake.receive(body, signed(body), null)
  }
  const answers = await Promise.all([receive(0, 10_000), receive(1, 500), receive(2, 500), receive(3, 500)])
  assert.ok(answers.every(({ status }) => status === 200))
  assert.equal(ledger.batches[0]?.length, 1)
  for (const batch of ledger.batches.slice(1)) assert.ok(batch.reduce((sum, { body }) => sum + body.length, 0) <= 4_000)
})

const well = eventBody()
const notJson = Buffer.from(`{"id": "${CANARY}`)
const noEvent = Buffer.from(JSON.stringify({ id: CANARY, object: 'invoice' }))
const bad: readonly (readonly [string, Buffer, string | undefined, string])[] = [
  ['no header', well, undefined, 'signature_missing'],
  ['a header that is none', well, CANARY, 'signature_malformed'],
  ['a wrong secret', well, signed(well, NOW, 'whsec_other'), 'signature_mismatch'],
  ['a stale signature', well, signed(well, NOW - 301_000), 'timestamp_too_old'],
  ['a signature from the future', well, signed(well, NOW + 302_000), 'timestamp_in_future'],
  ['a torn body', well.subarray(0, 100), signed(well), 'signature_mismatch'],
  ['a body that is not JSON but well signed', notJson, signed(notJson), 'body_not_json'],
  ['JSON that is no event', noEvent, signed(noEvent), 'body_not_event'],
  ['an empty body', Buffer.alloc(0), signed(Buffer.alloc(0)), 'body_empty'],
]
for (const [what, body, header, code] of bad) {
  test(`${what} gets 400 ${code} at once, with a remedy, and nothing is stored`, async () => {
    const { intake, ledger, log, meter } = given()
    const answer = intake.receive(body, header, null)

    assert.ok(!(answer instanceof Promise), 'no promise is made for what is refused')
    const { error } = JSON.parse(answer.body.toString())
    assert.equal(answer.status, 400)
    assert.equal(error.code, code)
    assert.ok(error.message.length > 10 && error.remedy.length > 10)
    assert.ok(!/\{\w+\}/.test(error.message + error.remedy), 'every placeholder is filled')
    assert.ok(!answer.body.includes(CANARY))
    await settled()
    assert.equal(ledger.batches.length + ledger.kept.length, 0)
    assert.equal(log.lines.length, 0)
    assert.equal(Object.values(meter.results)[0], 1)
  })
}

test('a path narrows which secrets are tried: an endpoint to its own, an account to all of its own', async () => {
  const { intake, ledger } = given()
  const body = eventBody()
  const receive = async (key: string, endpoint: string | null) =>
    codeOf(await intake.receive(body, signed(body, NOW, key), endpoint))

  assert.equal(await receive(shopSecret, null), 'received')
  assert.equal(await receive(shopSecret, 'eu/shop'), 'received')
  assert.equal(await receive(shopSecret, 'eu'), 'received')
  assert.equal(await receive(euSecret, 'eu/shop'), 'signature_mismatch')
  assert.equal(await receive(secret, 'eu'), 'signature_mismatch')
  assert.equal(await receive(secret, 'nobody'), 'endpoint_unknown')
  assert.equal(intake.knows('eu'), true)
  assert.equal(intake.knows('constructor'), false)
  assert.deepEqual(
    ledger.admitted.map(({ endpoint, tenant }) => [endpoint, tenant.account]),
    [
      ['eu/shop', 'eu'],
      ['eu/shop', 'eu'],
      ['eu/shop', 'eu'],
    ],
  )
})

test('a rotated secret counts at once', async () => {
  let endpoints = [{ endpoint: 'default', secret }]
  const { intake } = given({ endpoints: () => endpoints })
  const body = eventBody()
  const receive = async () => codeOf(await intake.receive(body, signed(body, NOW, 'whsec_new'), 'default'))

  assert.equal(await receive(), 'signature_mismatch')
  endpoints = [{ endpoint: 'default', secret: 'whsec_new' }]
  assert.equal(await receive(), 'received')
})

test('an event of the other mode is only recorded', async () => {
  const { intake, ledger } = given({ modeOf: () => 'live' })
  const body = eventBody({ livemode: false })
  await intake.receive(body, signed(body), null)
  assert.equal(ledger.admitted[0]?.as, 'record')
})

test('an event that the ledger refuses is kept as a stray and answered with 200', async () => {
  const { intake, ledger, meter } = given()
  ledger.refuses = ({ id }) => id === 'evt_old'
  const old = eventBody({ id: 'evt_old' })
  const fine = eventBody({ id: 'evt_fine' })

  const answers = await Promise.all([intake.receive(old, signed(old), null), intake.receive(fine, signed(fine), null)])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.deepEqual(
    ledger.kept.map(({ bytes }) => bytes),
    [old],
  )
  assert.deepEqual(meter.results, { 'default new': 1, 'default stray': 1 })
})

test('a stray that cannot be kept gets 503; the others of its batch stay recorded', async () => {
  const { intake, ledger } = given()
  ledger.refuses = ({ id }) => id === 'evt_old'
  ledger.keepFailing = true
  const old = eventBody({ id: 'evt_old' })
  const fine = eventBody({ id: 'evt_fine' })
  const answers = await Promise.all([intake.receive(old, signed(old), null), intake.receive(fine, signed(fine), null)])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 200],
  )
})

test('a failing store gets 503 with Retry-After, a closed door, one probe, and the way back', async () => {
  const clock = new VirtualClock(NOW)
  const { intake, ledger, log, meter, admission } = given({ clock, admission: { closedMs: 500 } })
  const receive = async (i: number) => {
    const body = eventBody({ id: `evt_${i}` })
    return intake.receive(body, signed(body), null)
  }

  ledger.failing = true
  const failed = await receive(1)
  assert.equal(failed.status, 503)
  assert.equal(codeOf(failed), 'store_unavailable')
  assert.ok(failed.headers.includes('Retry-After'))

  await receive(2)
  assert.equal(ledger.batches.length, 1, 'the door is closed: the store is left alone')
  await clock.advance(500)
  const [probe, beside] = await Promise.all([receive(3), receive(4)])
  assert.deepEqual([probe?.status, beside?.status, ledger.batches.length], [503, 503, 2], 'one probe and no more')

  ledger.failing = false
  await clock.advance(500)
  assert.equal((await receive(5)).status, 503, 'a failed probe doubles the wait')
  await clock.advance(500)
  assert.equal((await receive(6)).status, 200)
  assert.equal((await receive(7)).status, 200)
  assert.equal(admission.state.unrecordedBytes, 0)
  assert.equal(meter.results['default unavailable'], 5)
  assert.ok(log.lines.some((line) => line.includes('SQLITE_FULL')))
  assert.ok(!log.lines.join().includes(CANARY), 'not even a driver’s words reach the log')
})

test('a store that never answers does not keep Stripe waiting, and its memory stays counted until it does', async () => {
  const clock = new VirtualClock(NOW)
  const { intake, ledger, admission } = given({ clock, limits: { ackMs: 8_000, admitsMax: 1 } })
  const open = ledger.hold()
  const [first, second] = [eventBody({ id: 'evt_1' }), eventBody({ id: 'evt_2' })]

  const admitted = intake.receive(first, signed(first), null)
  await settled()
  const queued = intake.receive(second, signed(second), null)
  await clock.advance(10_000)
  assert.deepEqual([(await admitted).status, (await queued).status], [503, 503])
  assert.equal(admission.state.unrecordedBytes, first.length, 'the store still has the first')

  open()
  await intake.idle()
  assert.equal(admission.state.unrecordedBytes, 0)
  const again = await intake.receive(first, signed(first, clock.now()), null)
  assert.equal(again.status, 200, 'what was recorded late is a repeat')
})

test('too many unrecorded bytes are refused until some are recorded; how much waits to be worked is no reason', async () => {
  const body = eventBody()
  const { intake, ledger } = given({ admission: { unrecordedBytesMax: body.length * 2 } })
  const open = ledger.hold()
  const answers = [1, 2, 3].map(() => intake.receive(body, signed(body), null))
  const refused = await answers[2]
  assert.equal(refused && codeOf(refused), 'memory_bound')
  assert.equal(refused?.status, 503)
  open()
  assert.deepEqual(
    (await Promise.all(answers.slice(0, 2))).map((answer) => answer?.status),
    [200, 200],
  )
  assert.equal((await intake.receive(body, signed(body), null)).status, 200)
})

test('a disk below its reserve is refused before the ledger sees anything', async () => {
  let free = 1e9
  const clock = new VirtualClock(NOW)
  const { intake, ledger, admission } = given({ clock, freeBytes: async () => free })
  const body = eventBody()
  await admission.start()
  assert.equal((await intake.receive(body, signed(body), null)).status, 200)

  free = 1e6
  await clock.advance(1_000)
  const answer = await intake.receive(body, signed(body, clock.now()), null)
  assert.equal(answer.status, 503)
  assert.equal(codeOf(answer), 'disk_reserve')
  assert.equal(ledger.batches.length, 1)

  free = 1e9
  await clock.advance(1_000)
  assert.equal((await intake.receive(body, signed(body, clock.now()), null)).status, 200)
  await admission.stop()
})

test('a bad signature is told as such even while nothing can be recorded', async () => {
  const { intake, admission } = given()
  admission.failed()
  const body = eventBody()
  assert.equal(codeOf(await intake.receive(body, signed(body, NOW, 'whsec_wrong'), null)), 'signature_mismatch')
})
