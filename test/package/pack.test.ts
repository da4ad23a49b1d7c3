import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { asCommonJs, blocksIn } from '../docs/code.ts'
import { Place } from '../services/place.ts'
import { deliver, invoicePaid, start } from './program.ts'
import { install, nodeOnPath, sizeOf } from './project.ts'

const run = promisify(execFile)
const SECRET = 'whsec_9dKmXo2QpVtL7RzYbWnC4hFs'
const MB = 1_000_000

const project = await install()
after(() => project.remove())
const readme = blocksIn(await readFile('README.md', 'utf8')).filter(({ marks }) => marks.includes('run'))
const fifteen = readme[0]?.code ?? ''
const bin = join('node_modules', 'hookkeeper', 'dist', 'cli', 'bin.js')
const node20 = await nodeOnPath(20)

test('the README shows one program of at most fifteen lines', () => {
  assert.equal(readme.length, 1)
  assert.ok(fifteen.trim().split('\n').length <= 15, fifteen)
})

for (const [how, file, code] of [
  ['ESM', 'main.mjs', fifteen],
  ['require()', 'main.cjs', asCommonJs(fifteen)],
] as const) {
  test(`the README's lines take an event and work it, from ${how}`, async () => {
    const main = await project.write(file, code)
    const { port, env } = await surroundings()
    const program = start([main], { cwd: project.folder, env })
    try {
      await program.printed(new RegExp(`:${port}\\b`))

      const answer = await deliver(`http://127.0.0.1:${port}/webhooks/stripe`, {
        event: invoicePaid(`evt_1${how.slice(0, 3)}`),
        secret: SECRET,
      })

      assert.deepEqual([answer.status, await answer.text()], [200, '{"received":true}'])
      await program.printed(new RegExp(`evt_1${how.slice(0, 3)}`))
    } finally {
      assert.equal(await program.stop(), 0, program.output())
    }
  })
}

test('the types hold, from ESM and from CommonJS, in every example of the documents', async () => {
  const written = [
    await project.write('types.mts', fifteen),
    await project.write('types.cts', fifteen.replace(/^await /gm, 'void ')),
  ]
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']
  const tsc = join(process.cwd(), 'node_modules', '.bin', 'tsc')

  const outcome = await run(tsc, [...options, ...written], { cwd: project.folder }).then(
    () => '',
    ({ stdout }) => stdout,
  )

  assert.equal(outcome, '')
})

test('init and up work in an empty project', async () => {
  const { port, env } = await surroundings()
  const initiated = start([bin, 'init'], { cwd: project.folder, env })
  await initiated.printed(/stripe listen/)
  await initiated.stop()

  const program = start([bin, 'up'], { cwd: project.folder, env })
  try {
    await program.printed(new RegExp(`:${port}\\b`))
    const answer = await deliver(`http://127.0.0.1:${port}/webhooks/stripe`, {
      event: invoicePaid('evt_1up'),
      secret: SECRET,
    })
    assert.equal(answer.status, 200)
  } finally {
    assert.equal(await program.stop(), 0, program.output())
  }
})

test('an older Node is told in one sentence what is needed', {
  skip: node20 === null && 'no Node 20 on the PATH',
}, async () => {
  for (const verb of ['init', 'up']) {
    const old = start([bin, verb], { cwd: project.folder, env: {}, node: node20 ?? '' })
    await old.printed(/\n/)
    await old.stop()

    assert.match(old.output(), /^[^\n]*needs Node 24[^\n]*v?20\.[^\n]*\n$/)
  }
})

test('the install compiles nothing and is small', async (t) => {
  const lock = JSON.parse(await readFile(join(project.folder, 'node_modules', '.package-lock.json'), 'utf8'))
  const scripted = Object.entries<{ hasInstallScript?: boolean }>(lock.packages).filter(
    ([, one]) => one.hasInstallScript,
  )
  const bytes = await sizeOf(join(project.folder, 'node_modules'), ['stripe', '@types', 'undici-types'])

  t.diagnostic(`${(bytes / MB).toFixed(1)} MB without stripe, ${Object.keys(lock.packages).length} packages`)
  assert.deepEqual(
    scripted.map(([name]) => name),
    [],
  )
  assert.ok(bytes < 50 * MB)
})

async function surroundings() {
  const place = new Place('program')
  const [port, privatePort] = [await place.port(), await place.port()]
  return { port, env: { STRIPE_WEBHOOK_SECRET: SECRET, PORT: `${port}`, CONSOLE_PORT: `${privatePort}` } }
}
