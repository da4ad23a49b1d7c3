import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEveryType } from '../../src/simulator/every-type.ts'
import { knownTypes } from '../../src/stripe/catalog.ts'
import { isNamed, kindOf } from '../../src/stripe/kinds.ts'
import { readEvent } from '../../src/stripe/shapes.ts'
import { objectOf, previousOf } from './reading.ts'

const startAt = Date.UTC(2026, 10, 24, 12)
const every = (seed: number) => createEveryType({ seed, startAt }).advance(startAt)
const events = every(11)

test('every known type comes out once, and no id twice', () => {
  assert.deepEqual(events.map(({ type }) => type).sort(), [...knownTypes()].sort())
  assert.equal(new Set(events.map(({ id }) => id)).size, knownTypes().length)
})

test('each is read as an event of its type, about an object of the right kind, with an id where Stripe gives one', () => {
  for (const event of events) {
    const read = readEvent(event.body)

    assert.ok(read.ok, event.type)
    const { id, type, kind, object, customer, connected, createdAt } = read.event
    assert.deepEqual([id, type, kind], [event.id, event.type, kindOf(event.type)])
    assert.deepEqual([object, customer, connected], [event.object, event.customer, event.account])
    assert.equal(object !== null, isNamed(event.type), event.type)
    assert.ok(createdAt > startAt - 90 * 86_400_000 && createdAt <= startAt, event.type)
  }
})

test('each object says more than its name, and each plain update what was before', () => {
  for (const event of events) {
    assert.ok(Object.keys(objectOf(event)).length >= 2, `${event.type}: ${Object.keys(objectOf(event))}`)
    if (event.type.endsWith('.updated') && objectOf(event)['metadata']) assert.ok(previousOf(event), event.type)
  }
})

test('most types come out of the life of a merchant: their objects are whole', () => {
  const whole = events.filter((event) => Object.keys(objectOf(event)).length >= 15)

  assert.ok(whole.length > 130, `${whole.length}`)
})

test('the same seed tells the same, byte for byte', () => {
  const bytes = (seed: number) => every(seed).map(({ body }) => body.toString('latin1'))

  assert.deepEqual(
    bytes(11),
    events.map(({ body }) => body.toString('latin1')),
  )
  assert.notDeepEqual(bytes(12), bytes(11))
})
