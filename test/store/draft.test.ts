import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIND } from '../../src/store/codes.ts'
import { Draft } from '../../src/store/postgres/draft.ts'
import type { Sql } from '../../src/store/postgres/driver.ts'
import { refOf } from '../../src/store/postgres/refs.ts'
import { newborn } from '../../src/store/postgres/rows.ts'
import type { Ref } from '../../src/store/store.ts'

const AT = 1_000
const BUCKET = 3
const [LEASED, DONE, RETRIED] = [1, 2, 3].map((n) => refOf({ day: 20_000, bucket: BUCKET, n })) as [Ref, Ref, Ref]
const HOLDINGS = [
  { bucket: BUCKET, epoch: 1 },
  { bucket: 4, epoch: 1 },
]

/** A lease, an event that is done and one that is tried again. */
function draft(): Draft {
  const made = new Draft()
  const live = newborn(AT, false)
  const line = (ref: Ref, kind: (typeof KIND)[keyof typeof KIND]) => ({ ref, kind, at: AT, fence: 1, attempt: 1 })
  made.put({ ref: LEASED, rev: 0, live, announce: false, lease: true }, line(LEASED, KIND.lease))
  made.put({ ref: DONE, rev: 1, live: null, announce: false, lease: false }, line(DONE, KIND.done))
  made.put({ ref: RETRIED, rev: 1, live, announce: false, lease: false }, line(RETRIED, KIND.retry))
  return made
}

const kindOf = (text: string) =>
  text.includes('kept as') && text.includes('gone as') ? 'other' : text.includes('gone as') ? 'done' : 'lease'

test('what a lease and a good end write goes by statements of their own, and all that was written is told together', async () => {
  const asked = new Map<string, readonly unknown[]>()
  const rows = async (text: string, values: readonly unknown[] = []) => {
    asked.set(kindOf(text), values)
    return [{ i: 1 }]
  }

  const written = await draft().write(rows as Sql['rows'], HOLDINGS)

  assert.deepEqual([...asked.keys()].toSorted(), ['done', 'lease', 'other'])
  assert.deepEqual([...written].toSorted(), [LEASED, DONE, RETRIED].toSorted())
})

test('an event that changed meanwhile is told of none of them', async () => {
  const rows = async (text: string) => (kindOf(text) === 'done' ? [] : [{ i: 1 }])

  assert.deepEqual([...(await draft().write(rows as Sql['rows'], HOLDINGS))].toSorted(), [LEASED, RETRIED].toSorted())
})

test('where one statement fails the write fails once the others have ended: what is read anew after it stays as it is', async () => {
  const { promise: committed, resolve: commit } = Promise.withResolvers<void>()
  let over = false
  const rows = async (text: string) => {
    if (kindOf(text) === 'lease') throw new Error('cut')
    await committed
    return [{ i: 1 }]
  }

  const failed = assert.rejects(draft().write(rows as Sql['rows'], HOLDINGS), /cut/).then(() => (over = true))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(over, false)
  commit()
  await failed
})
