import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { emptyFolder } from '../folder.ts'
import { hookkeeper } from './run.ts'

test('the demo shows events worked, ends by itself, books every cent once and leaves nothing behind', async () => {
  const cwd = emptyFolder('demo-test')
  const env = { TMPDIR: cwd }

  const ran = await hookkeeper(['demo', '--json', '--for', '2s', '--rate', '100', '--seed', '7'], { cwd, env })

  assert.equal(ran.code, 0, ran.err)
  const { summary } = JSON.parse(ran.out.trimEnd().split('\n').at(-1) ?? '')
  assert.ok(summary.counts.done > 0, ran.out)
  assert.ok(summary.repeats > 0 && summary.refused > 0, JSON.stringify(summary))
  assert.ok(Object.keys(summary.money.booked).length > 0)
  assert.deepEqual(summary.money.booked, summary.money.sent)
  assert.deepEqual(readdirSync(cwd), [])
})
