import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../../src/broker/broker.ts'
import { bodyOf, headersOf, keyOf, messageOf } from '../../../src/broker/kafka/wire.ts'
import { SEALED } from '../../../src/broker/sealed.ts'

const ATTRIBUTES = { account: 'default', endpoint: '', received: '1767225600000' }
const message = (over: Partial<Message> = {}): Message => ({
  ...{ id: 'evt_1', key: 'default:cus_1', body: Buffer.from([0, 255]), attributes: ATTRIBUTES },
  ...over,
})

const carried = (one: Message): Message =>
  messageOf({ key: keyOf(one) ?? null, value: bodyOf(one), headers: [...headersOf(one)] })

test('bytes, id, lane and texts come back as they were sent', () => {
  for (const one of [message(), message({ key: '' }), message({ attributes: {} })]) assert.deepEqual(carried(one), one)
})

test('that a body is sealed is still said when its message comes back', () => {
  const sealed = message({ attributes: { ...ATTRIBUTES, [SEALED]: '1' } })

  assert.deepEqual(carried(sealed), sealed)
})

test('whoever wrote without our mark is a stranger', () => {
  const headers = [[Buffer.from('origin'), Buffer.from('elsewhere')]] as const
  const lent = messageOf({ key: Buffer.from('key'), value: Buffer.from('hello'), headers })

  assert.deepEqual(lent, { id: '', key: '', attributes: {}, body: Buffer.from('hello') })
})
