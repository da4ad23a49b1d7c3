import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqlite } from '../../src/store/sqlite.ts'
import { folderFor } from '../chaos/here.ts'

test('a destroyed key is nowhere in the file any more', async (t) => {
  const path = join(folderFor(t), 'ledger.db')
  const wrapped = 'wrapped-and-easily-found-'.repeat(4)
  const store = await openSqlite({ path })
  await store.edgeKeys.offer({ day: 20_000, id: 'old', wrapped })
  await store.edgeKeys.offer({ day: 40_000, id: 'new', wrapped: 'another' })
  await store.close()
  assert.ok(readFileSync(path).includes(wrapped))

  const later = await openSqlite({ path })
  await later.edgeKeys.destroy(14)
  await later.close()

  assert.ok(!readFileSync(path).includes(wrapped))
  assert.ok(readFileSync(path).includes('another'))
})
