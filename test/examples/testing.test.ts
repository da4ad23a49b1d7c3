import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { start } from '../package/program.ts'
import { installed } from './install.ts'

const RUNNERS = [
  { name: 'testing-vitest', handlers: 'handlers.ts', words: ['node_modules/vitest/vitest.mjs', 'run'] },
  {
    name: 'testing-jest',
    handlers: 'handlers.mjs',
    words: ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
  },
  { name: 'testing-node', handlers: 'handlers.ts', words: ['--test'] },
]

/** The mistake of half of all handlers: a mail without a key, so that nobody knows a repeat. */
const KEYED = "once('thanks', (key) => mailer.send({ to, text: 'Thank you.', key }))"
const UNKEYED = "mailer.send({ to, text: 'Thank you.', key: String(Math.random()) })"

const places = await Promise.all(RUNNERS.map(({ name }) => installed(name)))

for (const [n, { name, handlers, words }] of RUNNERS.entries()) {
  const place = places[n]!
  const skip = 'skip' in place && place.skip

  test(`${name}: the handlers pass; with a mail that may double the test fails and says so`, { skip }, async () => {
    const { dir } = place as { dir: string }
    const good = start(words, { cwd: dir, env: { CI: 'true' } })
    assert.equal(await good.ended(), 0, good.output())

    const path = join(dir, handlers)
    const code = await readFile(path, 'utf8')
    assert.ok(code.includes(KEYED))
    await writeFile(path, code.replace(KEYED, UNKEYED).replace('{ once }', '_'))
    const bad = start(words, { cwd: dir, env: { CI: 'true' } })

    assert.notEqual(await bad.ended(), 0)
    assert.match(bad.output(), /prove: not safe when an event that is done is worked again/)
    assert.match(bad.output(), /attempt 2: mailer\.send, returned/)
  })
}
