import assert from 'node:assert/strict'
import { rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { event, ledgerPath } from './arrivals/setup.ts'

const BATCH = 50
const FEW = 10 * BATCH
const MANY = 400 * BATCH
const PAGE = 100
const COPIES = 5
/** Twice what the log takes before it is moved into the file. */
const LOG_BYTES_MAX = 16 * 1024 * 1024

const idOf = (n: number) => `evt_${String(n).padStart(6, '0')}`

async function written(store: Store, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n += BATCH)
    await store.ledger.admit(Array.from({ length: BATCH }, (_, i) => event(idOf(n + i))))
}

test('a listing that is left open between two pages, and back-ups one after another, keep the write-ahead log as small as ever', async (t) => {
  const path = ledgerPath(t)
  const store = await openSqlite({ path })
  t.after(() => store.close())
  const logBytes = () => statSync(`${path}-wal`).size
  await written(store, 0, FEW)
  const { data, next } = await store.ledger.find({ limit: PAGE })

  const copying = (async () => {
    for (let copies = 0; copies < COPIES; copies++) {
      await store.backup(`${path}.copy`)
      rmSync(`${path}.copy`)
    }
  })()
  await Promise.all([copying, written(store, FEW, MANY)])

  assert.ok(logBytes() <= LOG_BYTES_MAX, `the log has ${logBytes()} bytes`)
  const more = await store.ledger.find({ limit: PAGE, cursor: next })
  assert.deepEqual(
    [...data, ...more.data].map(({ id }) => id),
    Array.from({ length: 2 * PAGE }, (_, i) => idOf(FEW - 1 - i)),
    'the second page follows the first',
  )

  // As much written while somebody else keeps a snapshot open: that is what it would have come to.
  const reader = new DatabaseSync(path, { readOnly: true })
  t.after(() => reader.close())
  reader.exec('begin')
  reader.prepare('select count(*) from hookkeeper_events').get()
  await written(store, FEW + MANY, MANY)
  assert.ok(logBytes() > LOG_BYTES_MAX, `the log has ${logBytes()} bytes`)
})
