import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { filled, placesIn, readDocuments, TABLES } from './tables.ts'

const documents = await readDocuments()

test('the tables in the documents say what the code says', () => {
  const stale = [...documents].filter(([path, text]) => filled(text, path) !== text).map(([path]) => path)

  assert.deepEqual(stale, [], 'npm run docs writes them anew')
})

test('every table has its place in exactly one document', () => {
  const places = [...documents.values()].flatMap(placesIn)

  assert.deepEqual(places.sort(), Object.keys(TABLES).sort())
})

test('links between documents lead somewhere', () => {
  const links = [...documents].flatMap(([path, text]) =>
    [...text.matchAll(/\]\((?!https?:|#)([^)\s#]+)(?:#[^)]*)?\)|(?:src|srcset)="(?!https?:)([^"]+)"/g)].map(
      ([, a, b]) => ({ path, to: a ?? b ?? '' }),
    ),
  )

  assert.deepEqual(
    links.filter(({ path, to }) => !existsSync(join(dirname(path), to))),
    [],
  )
})
