import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Story } from '../../src/simulator/story.ts'
import { knownTypes } from '../../src/stripe/catalog.ts'
import { emptyFolder } from '../folder.ts'
import { receiver } from '../simulator/receiver.ts'
import { hookkeeper } from './run.ts'

const cwd = emptyFolder('truth')
const secret = ['--secret', 'whsec_truth']

test('one event of every type is sent, and the truth says so, a line for each', async () => {
  const kept = new Map<string, string>()
  const server = await receiver(({ body }, response) => {
    const { id, type } = JSON.parse(body.toString('utf8'))
    kept.set(id, type)
    response.writeHead(200).end()
  })
  const flags = ['--all-types', '--truth', 'truth.jsonl', '--to', server.url, ...secret]
  const { code, err } = await hookkeeper(['simulate', ...flags], { cwd }).finally(server.close)
  const lines = readFileSync(join(cwd, 'truth.jsonl'), 'utf8').trimEnd().split('\n')
  const stories: Story[] = lines.map((line) => JSON.parse(line))

  assert.equal(code, 0, err)
  assert.deepEqual(new Map(stories.map(({ id, type }) => [id, type])), kept)
  assert.deepEqual([...kept.values()].sort(), [...knownTypes()].sort())
  assert.ok(stories.every(({ fate }) => fate === 'accepted'))
})

test('a fault that there is none of, a shape that there is none of and a place that cannot be written are refused in a sentence', async () => {
  const refused = async (...flags: string[]) => {
    const { code, err } = await hookkeeper(['simulate', '--to', 'http://127.0.0.1:9', ...secret, ...flags], { cwd })
    assert.notEqual(code, 0)
    return err
  }

  assert.match(await refused('--faults', 'lost'), /--faults: lost is no fault: there are late, /)
  assert.match(await refused('--api-version', 'old'), /current, pre-basil/)
  assert.match(
    await refused('--truth', 'nowhere/truth.jsonl'),
    /--truth: nowhere\/truth.jsonl cannot be written: ENOENT/,
  )
})
