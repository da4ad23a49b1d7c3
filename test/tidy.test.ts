import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { DRIVERS, EXPORTED, INNER, levelOf, MAY_NAME_DRIVERS } from './tidy/levels.ts'
import type { Source } from './tidy/source.ts'
import { functionSizes, readSources } from './tidy/source.ts'

const FILE_LINES_MAX = 300
const ROOT_ENTRIES_MAX = 15
// One table from which docs/errors.md is made; it grows by rows, not by thoughts.
const ERROR_TABLE = 'src/core/errors.ts'

const sources = await readSources('src')
const manifest = JSON.parse(await readFile('package.json', 'utf8'))

test('every part of src has a level, and imports go downhill only', () => {
  const wrong = sources.flatMap((source) => {
    const level = levelOf(source.path, source.part)
    if (level < 0) return [`${source.path}: ${source.part} has no level`]
    return source.imports
      .filter((one) => one.kind === 'file' && !downhill(source, level, one.target))
      .map((one) => `${source.path} imports ${one.target}`)
  })

  assert.deepEqual(wrong, [])
})

test('what is imported by path is there, under its own extension', () => {
  const known = new Set(sources.map((source) => source.path))
  const wrong = sources.flatMap((source) =>
    source.imports
      .filter((one) => one.kind === 'file' && !known.has(one.target) && !one.target.endsWith('.json'))
      .map((one) => `${source.path} imports ${one.target}`),
  )

  assert.deepEqual(wrong, [])
})

test('only the composition names drivers', () => {
  const wrong = sources.flatMap((source) =>
    source.imports
      .filter((one) => one.kind === 'file' && DRIVERS.test(one.target) && levelOf(one.target, '') !== EXPORTED)
      .filter((one) => !MAY_NAME_DRIVERS.test(source.path) && folder(source.path) !== folder(one.target))
      .map((one) => `${source.path} names ${one.target}`),
  )

  assert.deepEqual(wrong, [])
})

test('packages are dependencies, built-ins say node:, and an optional peer is loaded by one file of a part, when it is needed', () => {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies }
  const optional = Object.keys(manifest.peerDependenciesMeta ?? {})
  const packages = sources.flatMap((source) =>
    source.imports.filter((one) => one.kind === 'package').map((one) => ({ path: source.path, ...one })),
  )

  const undeclared = packages.filter((one) => !(one.target in declared)).map((one) => `${one.path}: ${one.target}`)
  const eager = packages.filter((one) => optional.includes(one.target) && one.when === 'static')
  const loading = (peer: string) => [
    ...new Set(packages.filter((one) => one.target === peer && one.when === 'dynamic').map((one) => one.path)),
  ]
  const scattered = optional.filter((peer) => new Set(loading(peer).map(folder)).size < loading(peer).length)

  assert.deepEqual({ undeclared, eager, scattered }, { undeclared: [], eager: [], scattered: [] })
})

test('each export of the package is one file at the top of src, and the other way round', () => {
  const exported = Object.keys(manifest.exports).filter((key) => key !== './package.json')
  const files = exported.map((key) => `${key === '.' ? 'index' : key.slice(2)}.ts`).sort()
  const top = sources.map((source) => source.path.slice('src/'.length)).filter((path) => !path.includes('/'))

  assert.deepEqual(files, top.filter((path) => !INNER.includes(path)).sort())
  for (const key of exported) {
    const name = key === '.' ? 'index' : key.slice(2)
    assert.deepEqual(manifest.exports[key], { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` })
  }
})

test(`no file of src has more than ${FILE_LINES_MAX} lines; the sizes are told`, (t) => {
  const files = sources.map(({ path, text }) => ({ path, lines: written(text) })).sort((a, b) => b.lines - a.lines)
  const functions = sources.flatMap(functionSizes).sort((a, b) => b.lines - a.lines)

  t.diagnostic(`${files.length} files, lines: ${spread(files)}; largest: ${first(files, ({ path }) => path)}`)
  t.diagnostic(
    `${functions.length} functions, lines: ${spread(functions)}; largest: ${first(functions, ({ path, name }) => `${path} ${name}`)}`,
  )
  assert.deepEqual(
    files.filter(({ path, lines }) => lines > FILE_LINES_MAX && path !== ERROR_TABLE),
    [],
  )
})

test('names say what is inside', () => {
  const empty = /^(utils?|helpers?|common|managers?|types|misc|shared|lib)$/
  const wrong = sources.filter(({ path }) =>
    path.split('/').some((part) => empty.test(part.replace(/\.ts$/, '')) || !/^[a-z0-9-]+(\.ts)?$/.test(part)),
  )

  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  )
})

test('the clock, the dice and the environment each have one door', () => {
  const doors = [
    { what: /\bDate\.now\b|\bnew Date\(\)/, in: /^src\/core\/clock\.ts$/ },
    { what: /\bMath\.random\b/, in: /^src\/core\/random\.ts$/ },
    { what: /\bprocess\.env\b/, in: /^src\/config(\.ts$|\/)/ },
  ]
  const wrong = doors.flatMap((door) =>
    sources
      .filter(({ path, code }) => door.what.test(code) && !door.in.test(path))
      .map(({ path }) => `${path}: ${door.what}`),
  )

  assert.deepEqual(wrong, [])
})

test('tests stand where their sources stand', async () => {
  const extra = [
    'bench',
    'chaos',
    'conformance',
    'demo',
    'deploy',
    'docs',
    'examples',
    'golden',
    'package',
    'postgres',
    'promises',
    'run',
    'services',
    'simulation',
    'soak',
    'browser',
    'tidy',
  ]
  const folders = (await readdir('test', { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const parts = new Set(sources.map((source) => source.part))

  assert.deepEqual(
    folders.map(({ name }) => name).filter((name) => !parts.has(name) && !extra.includes(name)),
    [],
  )
})

test(`the root is a shop window of at most ${ROOT_ENTRIES_MAX} entries`, async () => {
  const made = ['node_modules', 'dist']
  const visible = (await readdir('.')).filter(
    (name) => !name.startsWith('.') && !made.includes(name) && !name.endsWith('.tgz'),
  )

  assert.ok(visible.length <= ROOT_ENTRIES_MAX, `${visible.length} entries: ${visible.join(' ')}`)
})

test('nothing is left to do in a comment, and nothing names a place on one machine', async () => {
  const marks = /\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/
  const places = /(^|[^\w.~-])\/(home|Users|root|work)\/[\w.-]/m
  const texts = await readTexts(['src', 'test', 'bench', 'examples', 'docs'].filter(existsSync))
  const wrong = texts.flatMap(({ path, text }) => [...reports(path, text, marks), ...reports(path, text, places)])

  assert.deepEqual(wrong, [])
})

function downhill(source: Source, level: number, target: string): boolean {
  const part = (target.split('/')[1] ?? '').replace(/\.ts$/, '')
  const below = levelOf(target, part)
  // An export may share what another one exports; nothing else is as high.
  return (source.part === part && below === level) || (below >= 0 && below < level)
}

async function readTexts(roots: readonly string[]): Promise<{ path: string; text: string }[]> {
  const inRoots = await Promise.all(
    roots.map(async (root) => (await readdir(root, { recursive: true })).map((file) => `${root}/${file}`)),
  )
  const inRoot = (await readdir('.')).filter((name) => name !== 'package-lock.json')
  const files = ['.ci/run', ...inRoot, ...inRoots.flat()].filter((path) =>
    /\.(ts|sql|md|json|svg)$|^\.ci\/run$/.test(path),
  )
  return Promise.all(files.map(async (path) => ({ path, text: await readFile(path, 'utf8') })))
}

const reports = (path: string, text: string, pattern: RegExp): string[] => {
  const [found] = pattern.exec(text) ?? []
  return found === undefined ? [] : [`${path}: ${found.trim()}`]
}

const folder = (path: string) => path.split('/')[1]
const written = (text: string) => text.split('\n').filter((line) => line.trim() !== '').length

function spread(sorted: readonly { lines: number }[]): string {
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.lines ?? 0
  return `median ${at(0.5)}, one in ten over ${at(0.1)}, most ${at(0)}`
}

const first = <V extends { lines: number }>(sorted: readonly V[], name: (one: V) => string) =>
  sorted
    .slice(0, 5)
    .map((one) => `${name(one)} ${one.lines}`)
    .join(', ')
