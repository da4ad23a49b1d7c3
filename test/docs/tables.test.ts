import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { settings } from '../../src/config.ts'
import { levelOf } from '../tidy/levels.ts'
import { readSources } from '../tidy/source.ts'
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

test('ARCHITECTURE.md names every part of src with its level, and none that is not there', async () => {
  const rows = [...(documents.get('ARCHITECTURE.md') ?? '').matchAll(/^\| (\d+) \| ((?:`\w+`(?:, )?)+) \|/gm)]
  const named = rows.flatMap(([, level, names = '']) =>
    names.split(', ').map((name) => `${level} ${name.replaceAll('`', '')}`),
  )
  const parts = (await readSources('src')).map(({ path, part }) => `${levelOf(path, part)} ${part}`)

  assert.deepEqual(named.sort(), [...new Set(parts)].sort())
})

test('every setting is read by something', async () => {
  const code = (await readSources('src')).filter(({ part }) => part !== 'config').map((source) => source.code)
  const unread = settings().filter(({ path }) => !code.some((text) => new RegExp(`\\b${path.at(-1)}\\b`).test(text)))

  assert.deepEqual(
    unread.map(({ name }) => name),
    [],
  )
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
