import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ledgerPath } from '../../src/presets/sqlite.ts'

test('a database address names a file, from the working directory or absolute', () => {
  assert.equal(ledgerPath('sqlite:.hookkeeper/hookkeeper.db', '/srv/shop'), '/srv/shop/.hookkeeper/hookkeeper.db')
  assert.equal(ledgerPath('sqlite:/var/lib/h.db', '/srv/shop'), '/var/lib/h.db')
  assert.equal(ledgerPath('sqlite:///var/lib/h.db', '/srv/shop'), '/var/lib/h.db')
})

for (const [url, sentence] of [
  ['mysql://user:p@ss@db/shop?sslpassword=p@ss', /cannot be mysql:\.\.\.: a ledger is kept in SQLite or Postgres\.$/],
  ['shop.db', /cannot be shop\.db: it does not say what kind of database it is\.$/],
  ['sqlite:', /it names no file\.$/],
  ['sqlite::memory:', /it names no file\.$/],
] as const) {
  test(`the address ${url} is refused without its password, and with what to write`, () => {
    assert.throws(
      () => ledgerPath(url, '/'),
      (error: Error & { remedy?: string }) => {
        assert.match(error.message, sentence)
        assert.doesNotMatch(error.message, /p@ss/)
        assert.match(error.remedy ?? '', /sqlite:\.hookkeeper\/hookkeeper\.db/)
        return true
      },
    )
  })
}
