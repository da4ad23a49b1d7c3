import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { blocksIn } from './code.ts'

const OURS = pathToFileURL(resolve('src/testing.ts')).href
const FOLDER = '.cache/docs'

const blocks = blocksIn(await readFile('docs/testing.md', 'utf8')).filter(({ marks }) => marks.includes('test'))

test('docs/testing.md shows code', () => {
  assert.ok(blocks.length >= 3)
})

for (const [n, { code }] of blocks.entries()) {
  test(`block ${n + 1} of docs/testing.md does what it says`, async () => {
    const file = resolve(FOLDER, `testing-${process.pid}-${n}.ts`)
    await mkdir(FOLDER, { recursive: true })
    await writeFile(file, code.replace("'hookkeeper/testing'", `'${OURS}'`))
    try {
      await import(pathToFileURL(file).href)
    } finally {
      await rm(file)
    }
  })
}
