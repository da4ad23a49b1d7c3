import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { asCommonJs, blocksIn } from '../docs/code.ts'
import { readDocuments } from '../docs/tables.ts'
import { Place } from '../services/place.ts'
import { deliver, done, invoicePaid, start } from './program.ts'
import { install, nodeOnPath, sizeOf } from './project.ts'

const run = promisify(execFile)
const SECRET = 'whsec_9dKmXo2QpVtL7RzYbWnC4hFs'
const MB = 1_000_000
const SIZE_MAX = 50 * MB

const project = await install()
after(() => project.remove())
// What is shown of a file in examples/ is run, and its types are checked, where that example's packages are; so is what is shown of
// other clients' transactions.
const blocks = [...(await readDocuments())]
  .filter(([path]) => !String(path).endsWith('transactions.md'))
  .flatMap(([, text]) => blocksIn(text))
  .filter(({ language, marks }) => language === 'ts' && !marks.some((mark) => mark.startsWith('file=')))
const [lines = '', ...others] = blocks.filter(({ marks }) => marks.includes('run')).map(({ code }) => code)
const bin = join('node_modules', 'hookkeeper', 'dist', 'cli', 'bin.js')
const node20 = await nodeOnPath(20)

test('the README shows one program of at most fifteen lines', () => {
  assert.deepEqual(others, [])
  assert.ok(lines.trim().split('\n').length <= 15, lines)
})

for (const { how, file, code } of [
  { how: 'ESM', file: 'main.mjs', code: lines },
  { how: 'require()', file: 'main.cjs', code: asCommonJs(lines) },
]) {
  test(`the README's lines take an event twice and work it once, from ${how}`, async () => {
    const { webhooks, api, env } = await surroundings()
    const event = invoicePaid(`evt_1${file.slice(-3)}`)
    const program = start([await project.write(file, code)], { cwd: project.folder, env })
    try {
      await program.printed(/Stripe posts to/)
      const answers = [
        await deliver(webhooks, { event, secret: SECRET }),
        await deliver(webhooks, { event, secret: SECRET }),
      ]
      assert.deepEqual(answers, [ACCEPTED, ACCEPTED])
      await done(api, event.id)
    } finally {
      assert.equal(await program.stop(), 0, program.output())
    }

    assert.deepEqual(paid(event.id), [4900])
  })
}

test('the types hold, from ESM and from CommonJS, in every example of the documents', async () => {
  const all = blocks.map(({ code }) => code)
  const esm = await Promise.all(all.map((code, n) => project.write(`types-${n}.mts`, code)))
  const cjs = await project.write('types.cts', lines.replace(/^await /gm, 'void '))
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']
  const tsc = join(process.cwd(), 'node_modules', '.bin', 'tsc')

  const said = await run(tsc, [...options, ...esm, cjs], { cwd: project.folder }).then(
    () => '',
    ({ stdout }) => stdout,
  )

  assert.equal(said, '')
})

test('init and up work in an empty project', async () => {
  const { webhooks, api, env } = await surroundings()
  const init = start([bin, 'init'], { cwd: project.folder, env })
  assert.equal(await init.ended(), 0, init.output())
  assert.match(init.output(), /stripe listen --forward-to/)

  const event = invoicePaid('evt_1up')
  const program = start([bin, 'up'], { cwd: project.folder, env })
  try {
    await program.printed(/started/)
    assert.deepEqual(await deliver(webhooks, { event, secret: SECRET }), ACCEPTED)
    await done(api, event.id, project.folder)
  } finally {
    assert.equal(await program.stop(), 0, program.output())
  }
})

test('an older Node is told in one sentence what is needed', {
  skip: !node20 && 'no Node 20 on the PATH',
}, async () => {
  for (const verb of ['init', 'up']) {
    const old = start([bin, verb], { cwd: project.folder, env: {}, node: node20 ?? '' })

    assert.equal(await old.ended(), 2)
    assert.match(old.output(), /^hookkeeper: Hookkeeper needs Node 24 .* this is 20\.[^\n]*\n$/)
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
  assert.ok(bytes < SIZE_MAX)
})

const ACCEPTED = { status: 200, text: '{"received":true}' }

async function surroundings() {
  const place = new Place('program')
  const [port, privatePort] = [await place.port(), await place.port()]
  return {
    webhooks: `http://127.0.0.1:${port}/webhooks/stripe`,
    api: `http://127.0.0.1:${privatePort}`,
    env: { STRIPE_WEBHOOK_SECRET: SECRET, PORT: `${port}`, CONSOLE_PORT: `${privatePort}` },
  }
}

/** What the README's handler wrote for an event. */
function paid(id: string): unknown[] {
  const db = new DatabaseSync(join(project.folder, '.hookkeeper', 'hookkeeper.db'), { readOnly: true })
  try {
    return db
      .prepare('select cents from paid where event = ?')
      .all(id)
      .map(({ cents }) => cents)
  } finally {
    db.close()
  }
}
