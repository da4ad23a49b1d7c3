import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerError, type Message } from '../../src/broker/broker.ts'
import { SEALED, sealed, UNOPENED } from '../../src/broker/sealed.ts'
import type { Vault } from '../../src/privacy/vault.ts'
import { company, DAY_MS } from '../privacy/setup.ts'
import { SmallBroker } from './small-broker.ts'

const WANT = { max: 100, waitMs: 0 }
const NEVER = new AbortController().signal
const ATTRIBUTES = { account: 'default', endpoint: 'default', received: '1767225600000' }
const message = (id: string, body = `{"id":"${id}","email":"someone@example.com"}`): Message => ({
  ...{ id, key: `default:cus_${id}`, attributes: ATTRIBUTES },
  body: new TextEncoder().encode(body),
})
const idsOf = (messages: readonly { id: string }[]) => messages.map(({ id }) => id)

async function sealing() {
  const { kept, vault, clock, shelf } = company()
  const inner = new SmallBroker()
  return {
    inner,
    clock,
    shelf,
    kept,
    fresh: vault,
    vault: await kept(),
    over: (one: Vault | null) => sealed(inner, one),
  }
}

test('what waits on the disk before a broker is told as it is now, and not as it was at the start', async () => {
  const { inner, over, vault } = await sealing()
  const before = { spooled: 0 }
  const broker = over(vault)
  const spooling = sealed(Object.defineProperty(inner, 'spooled', { get: () => before.spooled }), null)

  before.spooled = 7

  assert.equal(broker.spooled, undefined)
  assert.equal(spooling.spooled, 7)
})

test('how large a body may be is told as the broker says it now', async () => {
  const { inner, over, vault } = await sealing()
  const broker = over(vault)
  const before = broker.traits.bodyBytesMax

  Object.defineProperty(inner, 'traits', { value: { ...inner.traits, bodyBytesMax: inner.traits.bodyBytesMax - 400 } })

  assert.equal(broker.traits.bodyBytesMax, before - 400)
})

test('what goes in comes out unchanged, and in the broker nobody can read it', async () => {
  const { inner, over, vault } = await sealing()
  const broker = over(vault)
  const sent = [message('evt_1'), message('evt_2'), message('evt_3', '')]

  assert.deepEqual(await broker.append(sent), [null, null, null])
  const lying = inner.waiting
  const { messages } = await broker.receive(WANT, NEVER)

  assert.deepEqual(
    messages,
    sent.map((one) => ({ ...one, deliveries: 1 })),
  )
  for (const one of lying) {
    assert.equal(one.attributes[SEALED], '1')
    assert.ok(!Buffer.from(one.body).includes('email'))
  }
})

test('acknowledged and refused is what lies in the broker: some, and all the rest', async () => {
  const { inner, over, vault } = await sealing()
  const broker = over(vault)
  await broker.append(['evt_1', 'evt_2', 'evt_3', 'evt_4'].map((id) => message(id)))
  const batch = await broker.receive(WANT, NEVER)

  await batch.ack(batch.messages.slice(0, 1))
  await batch.refuse(batch.messages[1]!, 'not now')
  assert.deepEqual(idsOf(inner.waiting), ['evt_3', 'evt_4', 'evt_2'])
  await batch.ack()

  assert.deepEqual(idsOf(inner.waiting), ['evt_2'])
  assert.deepEqual(inner.refused, ['evt_2 not now'])
})

test('a body may be as large as is said, and one byte more is refused by itself', async () => {
  const { over, vault } = await sealing()
  const broker = over(vault)
  const max = broker.traits.bodyBytesMax

  const answers = await broker.append([
    message('evt_1', 'x'.repeat(max)),
    message('evt_2', 'x'.repeat(max + 1)),
    message('evt_3'),
  ])

  assert.deepEqual(
    answers.map((answer) => answer?.kind ?? null),
    [null, 'too-large', null],
  )
})

test('a message of somebody else, who sealed nothing, passes as it is', async () => {
  const { inner, over, vault } = await sealing()
  const foreign = { id: '', key: '', attributes: {}, body: new TextEncoder().encode('{"detail-type":"x"}') }
  inner.waiting.push(foreign)

  const { messages } = await over(vault).receive(WANT, NEVER)

  assert.deepEqual(messages, [{ ...foreign, deliveries: 1 }])
})

test('what can never be opened is lent as it lies there and says why; the others of its batch are opened', async () => {
  const { inner, over, vault, kept, clock } = await sealing()
  await over(vault).append([message('evt_old')])
  await clock.leap(30 * DAY_MS)
  const now = await kept()
  const broker = over(now)
  await broker.append(['evt_tampered', 'evt_a', 'evt_b', 'evt_whole'].map((id) => message(id)))
  const [old, tampered, a, b, whole] = inner.waiting as [Message, Message, Message, Message, Message]
  tampered.body[40]! ^= 1
  inner.waiting = [old, tampered, { ...a, body: b.body }, { ...whole, body: message('x').body }, whole]

  const batch = await broker.receive(WANT, NEVER)

  assert.deepEqual(
    batch.messages.map(({ id, attributes }) => [id, attributes[UNOPENED] ?? null]),
    [
      ['evt_old', 'the key that it was sealed with is destroyed'],
      ['evt_tampered', 'it was changed, or sealed for another message'],
      ['evt_a', 'it was changed, or sealed for another message'],
      ['evt_whole', 'it is no sealed body'],
      ['evt_whole', null],
    ],
  )
  assert.deepEqual(batch.messages[1]!.body, tampered.body)
  assert.deepEqual(batch.messages[4]!.body, message('evt_whole').body)
  await batch.ack()
  assert.deepEqual(inner.waiting, [])
})

test('what cannot be opened just now goes back and is not lost; the rest is lent', async () => {
  const { inner, over, fresh, vault, shelf, clock, kept } = await sealing()
  await over(vault).append([message('evt_1')])
  await clock.leap(10 * DAY_MS)
  const worker = await kept()
  const broker = over(worker)
  await over(worker).append([message('evt_2')])
  const other = fresh()
  shelf.down = true

  await assert.rejects(over(other).receive(WANT, NEVER), { name: 'BrokerError', kind: 'unreachable' })
  inner.waiting[0] = { ...inner.waiting[0]!, attributes: { ...ATTRIBUTES, [SEALED]: '2' } }
  const batch = await broker.receive(WANT, NEVER)

  assert.equal(batch.messages.length, 1)
  await batch.ack()
  assert.equal(inner.waiting.length, 1)
  assert.match(inner.refused.at(-1)!, /it is sealed in form 2, which a newer release opens/)
})

test('what could not even be given back is not acknowledged with the rest', async () => {
  const { inner, over, vault } = await sealing()
  const broker = over(vault)
  await broker.append([message('evt_1'), message('evt_2')])
  inner.waiting[0] = { ...inner.waiting[0]!, attributes: { ...ATTRIBUTES, [SEALED]: '2' } }
  inner.refusal = new BrokerError('unreachable', 'small: away')

  const batch = await broker.receive(WANT, NEVER)
  await batch.ack()

  assert.deepEqual(idsOf(inner.waiting), ['evt_1'])
})

test('where no vault is set what is sealed goes back, and the rest passes', async () => {
  const { inner, over, vault } = await sealing()
  await over(vault).append([message('evt_1')])
  await over(null).append([message('evt_2')])

  const batch = await over(null).receive(WANT, NEVER)

  assert.deepEqual(idsOf(batch.messages), ['evt_2'])
  assert.deepEqual(inner.refused, ['evt_1 it is sealed, and HOOKKEEPER_VAULT is not set here'])
})

test('without a key nothing is appended, and each message hears of it', async () => {
  const { inner, over, fresh } = await sealing()
  const broker = over(fresh())

  const answers = await broker.append([message('evt_1'), message('evt_2')])

  assert.deepEqual(
    answers.map((answer) => answer?.message),
    Array(2).fill('small: The vault has no key for 2026-11-28.'),
  )
  assert.deepEqual(inner.waiting, [])
})
