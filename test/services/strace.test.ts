import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { strace } from './strace.ts'

// Waits for a line, writes and syncs a file in another thread, says so.
const WRITER = `
  const { open, rm } = require('node:fs/promises')
  process.stdin.once('data', async () => {
    const file = await open(process.argv[1], 'w')
    await file.write('x')
    if (process.argv[2] === 'sync') await file.sync()
    await file.close()
    await rm(process.argv[1])
    process.stdout.write('done')
  })
  process.stdout.write('up')
`

for (const how of ['sync', 'no sync']) {
  test(`strace sees what another thread of a process asks of the disk: ${how}`, { skip: strace.skip }, async (t) => {
    const { attach } = await strace.ready()
    const child = spawn(process.execPath, ['-e', WRITER, `${import.meta.filename}.${how}.tmp`, how])
    t.after(() => child.kill())
    await once(child.stdout, 'data')

    const trace = await attach({ pid: child.pid ?? 0, calls: ['fsync', 'fdatasync'] })
    child.stdin.write('go\n')
    await once(child.stdout, 'data')
    const calls = await trace.stop()

    assert.equal(calls.filter((line) => /fsync\(.*\.tmp>/.test(line)).length, how === 'sync' ? 1 : 0, calls.join('\n'))
  })
}
