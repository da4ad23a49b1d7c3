import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { Book } from '../../src/store/postgres/book.ts'
import { Ends } from '../../src/store/postgres/expiry.ts'
import { placeOf, refOf } from '../../src/store/postgres/refs.ts'
import type { LiveRow } from '../../src/store/postgres/rows.ts'
import type { Ref } from '../../src/store/store.ts'

const NOW = 1_000
const REF = refOf({ day: 20_000, bucket: 3, n: 1 })

test('an end that the rows refuse is tried again after a while, and it is said once that a transaction stands in its way', async () => {
  const { clock, book, ends, tries, words } = ended({ refuses: true })

  assert.deepEqual(await ends.write(book), [REF])
  assert.deepEqual(await ends.write(book), [])
  assert.equal(tries(), 1)
  assert.equal(ends.nextAt(book).dueAt, Number.POSITIVE_INFINITY)
  assert.equal(ends.nextAt(book).againAt, clock.now() + 250)

  for (let n = 0; n < 200; n++) {
    await clock.advance(250)
    await ends.write(book)
  }
  assert.equal(tries(), 201)
  assert.deepEqual(words, [{ day: 20_000, bucket: 3, n: 1 }])
})

test('where somebody has renewed it meanwhile its new end is what is waited for', async () => {
  const { clock, book, ends, tries } = ended({ refuses: true })
  await ends.write(book)
  book.changed(
    REF,
    { ...book.running.get(REF)!.live, row: { ...book.running.get(REF)!.live.row, leaseEndsAt: NOW + 60_000 } },
    2,
  )
  await clock.advance(250)

  assert.deepEqual(await ends.write(book), [])

  assert.equal(tries(), 1)
  assert.deepEqual(ends.nextAt(book), { dueAt: NOW + 60_000, againAt: Number.POSITIVE_INFINITY })
})

test('an end that is written leaves the event waiting', async () => {
  const { book, ends } = ended({ refuses: false })

  assert.deepEqual(await ends.write(book), [])

  assert.equal(book.counts(NOW).running, 0)
  assert.equal(book.counts(NOW).ready, 1)
})

/** A lease of somebody else's that has run out. */
function ended({ refuses }: { refuses: boolean }) {
  const clock = new VirtualClock(0)
  const book = new Book()
  const touched: LiveRow = {
    ...{ state: 1, held: false, strict: false, attempts: 1, lost: 0, due: NOW, ends: NOW - 1, later: 0, fence: 7 },
    ...{ holder: 'they', worker: 'w', release: null, leased: 0, ended: null, reason: null, twin: null, memory: null },
    returned: [],
  }
  const queued = { rev: 1, place: 1, lane: 1, tenant: 'default/test', type: 'invoice.paid', urgency: 1, arrived: 0 }
  book.take(REF, { ...placeOf(REF), ...queued, held: false, touched, moved: false }, NOW, () => 'theirs')
  let tries = 0
  const rows = async () => {
    tries++
    return refuses ? [] : [{ i: 1 }]
  }
  const words: unknown[] = []
  const ends = new Ends({
    ...{ sql: { rows }, id: 'we', seats: { holdings: [] }, leasing: { forget: (_: readonly Ref[]) => {} } },
    ...{ log: { ...silent, warn: (fields: object) => void words.push(fields) }, pace: clock, now: () => NOW },
  } as unknown as ConstructorParameters<typeof Ends>[0])
  return { clock, book, ends, tries: () => tries, words }
}
