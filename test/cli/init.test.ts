import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { kindOf } from '../../src/cli/init.ts'
import { emptyFolder } from '../folder.ts'
import { hookkeeper } from './run.ts'

function project(files: Record<string, string>): string {
  const cwd = emptyFolder('init')
  for (const [name, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), contents)
  }
  return cwd
}

for (const [what, files, kind] of [
  ['nothing at all', {}, { typescript: true, esm: true, ending: 'ts' }],
  [
    'a package that npm just made for a dependency',
    { 'package.json': '{"dependencies":{"hookkeeper":"*"}}' },
    { typescript: true, esm: true, ending: 'ts' },
  ],
  [
    'an ESM package with TypeScript',
    { 'package.json': '{"type":"module"}', 'tsconfig.json': '{}' },
    { typescript: true, esm: true, ending: 'ts' },
  ],
  [
    'a CommonJS package with TypeScript',
    { 'package.json': '{"type":"commonjs","devDependencies":{"typescript":"6"}}' },
    { typescript: true, esm: true, ending: 'mts' },
  ],
  [
    'an ESM package in JavaScript',
    { 'package.json': '{"type":"module"}', 'index.js': '' },
    { typescript: false, esm: true, ending: 'js' },
  ],
  [
    'a CommonJS package in JavaScript',
    { 'package.json': '{}', 'src/app.js': '' },
    { typescript: false, esm: false, ending: 'js' },
  ],
  [
    'a package with a JavaScript config only',
    { 'package.json': '{"type":"module"}', 'eslint.config.js': '' },
    { typescript: true, esm: true, ending: 'ts' },
  ],
] as const) {
  test(`init writes as the project does: ${what}`, () => {
    assert.deepEqual(kindOf(project(files)), kind)
  })
}

test('init writes a config and a handler, says what to do next, and never touches what is there', async () => {
  const cwd = project({ 'package.json': '{"type":"module"}', 'src/stripe.ts': '// mine\n' })

  const first = await hookkeeper(['init'], { cwd })
  const second = await hookkeeper(['init', '--json'], { cwd })

  assert.equal(first.code, 0, first.err)
  assert.match(first.out, /wrote {2}hookkeeper\.config\.ts/)
  assert.match(first.out, /kept {3}src\/stripe\.ts/)
  assert.match(first.out, /stripe listen --forward-to localhost:4242\/webhooks\/stripe/)
  assert.equal(readFileSync(join(cwd, 'src/stripe.ts'), 'utf8'), '// mine\n')
  assert.match(
    readFileSync(join(cwd, 'hookkeeper.config.ts'), 'utf8'),
    /defineConfig\(\{\n {2}handlers: '\.\/src\/stripe\.ts',/,
  )
  const { files } = JSON.parse(second.out) as { files: { written: boolean }[] }
  assert.ok(files.every(({ written }) => !written))
})
