import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { cpuMs, treeCpuMs } from '../../bench/proc.ts'

const BURNED_MS = 200
// User and system time are each cut to whole ticks of 10 ms.
const TICKS_MS = 20
// A child that has ended, then one that lives: each uses CPU time, and tells when it has.
const BURN = `for (let used = 0; used < ${BURNED_MS}e3; ) { const { user, system } = process.cpuUsage(); used = user + system }`
const PARENT = `
  const { spawn, spawnSync } = require('node:child_process')
  spawnSync(process.execPath, ['-e', ${JSON.stringify(BURN)}])
  const child = spawn(process.execPath, ['-e', ${JSON.stringify(`${BURN} process.stdout.write('burned'); process.stdin.resume()`)}])
  child.stdout.once('data', () => process.stdout.write('burned'))
  process.stdin.on('end', () => child.stdin.end()).resume()
`

test("the CPU time of a process's children is counted, of those that have ended too", async (t) => {
  const parent = spawn(process.execPath, ['-e', PARENT])
  t.after(async () => {
    parent.stdin.end()
    await once(parent, 'exit')
  })
  await once(parent.stdout, 'data')

  const pid = parent.pid ?? 0
  assert.ok(
    treeCpuMs(pid) - cpuMs(pid) >= 2 * (BURNED_MS - TICKS_MS),
    `${treeCpuMs(pid)} of all, ${cpuMs(pid)} of the parent`,
  )
  assert.throws(() => treeCpuMs(2 ** 30), /gone/)
})
