import assert from 'node:assert/strict'
import { test } from 'node:test'
import { previousAttributes } from '../../src/simulator/previous.ts'

test('only changed keys are told, with their old values', () => {
  const previous = previousAttributes({ status: 'trialing', currency: 'usd' }, { status: 'active', currency: 'usd' })

  assert.deepEqual(previous, { status: 'trialing' })
})

test('of a changed sub-object only the changed sub-keys are told', () => {
  const before = { status_transitions: { finalized_at: null, paid_at: null } }
  const after = { status_transitions: { finalized_at: 7, paid_at: null } }

  assert.deepEqual(previousAttributes(before, after), { status_transitions: { finalized_at: null } })
})

test('an array in which anything changed is repeated whole', () => {
  const before = {
    items: {
      object: 'list',
      data: [
        { id: 'si_1', quantity: 1 },
        { id: 'si_2', quantity: 3 },
      ],
    },
  }
  const after = {
    items: {
      object: 'list',
      data: [
        { id: 'si_1', quantity: 2 },
        { id: 'si_2', quantity: 3 },
      ],
    },
  }

  assert.deepEqual(previousAttributes(before, after), { items: { data: before.items.data } })
})

test('a key that was not there is told as null', () => {
  assert.deepEqual(previousAttributes({ metadata: {} }, { metadata: { plan: 'a' } }), { metadata: { plan: null } })
})

test('an object that was null, and one that became null, are told whole', () => {
  assert.deepEqual(previousAttributes({ pause: null }, { pause: { behavior: 'void' } }), { pause: null })
  assert.deepEqual(previousAttributes({ pause: { behavior: 'void' } }, { pause: null }), {
    pause: { behavior: 'void' },
  })
})

test('no change tells nothing', () => {
  assert.equal(previousAttributes({ list: [1, { a: 2 }] }, { list: [1, { a: 2 }] }), null)
})
