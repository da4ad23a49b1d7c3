import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { watchReaders } from '../../src/store/sqlite/check.ts'

// Reads one row and keeps the snapshot until its input ends.
const READER = `
  const { DatabaseSync } = require('node:sqlite')
  const db = new DatabaseSync(process.argv[1])
  db.exec('begin')
  db.prepare('select count(*) from t').get()
  console.log('reading')
  process.stdin.on('end', () => process.exit(0)).resume()`

const skip = existsSync('/proc/self/fd') ? false : 'only /proc tells who has a file open'

test('a foreign reader that keeps the write-ahead log from shrinking is named in the log, once', {
  skip,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'hookkeeper-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'ledger.db')
  const db = new DatabaseSync(path)
  t.after(() => db.close())
  db.exec('pragma journal_mode = wal; create table t (b blob); insert into t values (zeroblob(1000))')
  const reader = spawn(process.execPath, ['-e', READER, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => reader.kill())
  await once(reader.stdout, 'data')
  for (let i = 0; i < 20; i++) db.exec('insert into t values (zeroblob(100000))')
  const clock = new VirtualClock()
  const lines: string[] = []
  const log = { ...silent, warn: (_fields: object, message: string) => void lines.push(message) }

  const end = watchReaders(path, { clock, log, maxBytes: 1_000_000 })
  await clock.advance(600_000)
  end()

  assert.equal(lines.filter((line) => line.includes(`Process ${reader.pid} (`)).length, 1, lines.join('\n'))
  assert.match(lines.join('\n'), /write-ahead log of .* has grown to \d+ MB/)
})
