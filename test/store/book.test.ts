import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Book } from '../../src/store/postgres/book.ts'
import type { QueueRow } from '../../src/store/postgres/news.ts'
import { placeOf, refOf } from '../../src/store/postgres/refs.ts'
import type { LiveRow } from '../../src/store/postgres/rows.ts'
import type { Ref } from '../../src/store/store.ts'

const NOW = 1_000
const RUNNING = 1
const BUCKET = 3
const refAt = (n: number): Ref => refOf({ day: 20_000, bucket: BUCKET, n })

const leased: LiveRow = {
  ...{ state: RUNNING, held: false, strict: false, attempts: 1, lost: 0, due: NOW, ends: NOW + 30_000, later: 0 },
  ...{ fence: 7, holder: 'we', worker: 'w', release: null, leased: NOW, ended: null, reason: null, twin: null },
  ...{ memory: null, returned: [] },
}

const row = (ref: Ref, touched: LiveRow | null): QueueRow => ({
  ...placeOf(ref),
  ...{ rev: touched ? 1 : 0, place: 1, lane: placeOf(ref).n, tenant: 'default/test', type: 'invoice.paid', urgency: 1 },
  ...{ arrived: NOW * 1_000, held: false, touched, moved: false },
})

/** One event runs here, two wait. */
function busy() {
  const [runs, waits, other] = [refAt(1), refAt(2), refAt(3)] as const
  const book = new Book()
  book.take(runs, row(runs, leased), NOW, () => 'ours')
  for (const ref of [waits, other]) book.take(ref, row(ref, null), NOW, () => 'nobody')
  return { book, runs, waits }
}

test('what its own transaction took out of the queue is not looked for among all that waits, neither now nor when a look tells it', (t) => {
  const { book, runs } = busy()
  const walk = t.mock.method(book.lanes, 'remove')

  book.left(runs)
  assert.deepEqual([book.running.size, book.counts(NOW).running], [0, 0])
  book.forget([runs])

  assert.equal(walk.mock.callCount(), 0)
  assert.equal(book.counts(NOW).ready, 2)
})

test('told a second time it may wait again, since somebody has reopened it', () => {
  const { book, runs } = busy()
  book.left(runs)
  book.forget([runs])
  book.take(runs, row(runs, null), NOW, () => 'nobody')
  assert.equal(book.counts(NOW).ready, 3)

  book.forget([runs])

  assert.equal(book.counts(NOW).ready, 2)
})

test('what waits is forgotten wherever it waits, and a bucket that is left takes all of it along', () => {
  const { book, runs, waits } = busy()
  book.forget([waits])
  assert.deepEqual([book.counts(NOW).ready, book.running.has(runs)], [1, true])

  book.leave(BUCKET)

  assert.deepEqual(book.counts(NOW), { ...book.counts(NOW), ready: 0, running: 0 })
})
