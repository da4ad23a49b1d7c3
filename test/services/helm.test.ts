import assert from 'node:assert/strict'
import { test } from 'node:test'
import { helm } from './helm.ts'

test('Helm is the one that was asked for, and says what it refuses', { skip: helm.skip }, async () => {
  const run = await helm.ready()

  assert.match(await run('version', '--short'), /^v4\./)
  await assert.rejects(run('template', 'no-such-chart'), /no-such-chart/)
})
