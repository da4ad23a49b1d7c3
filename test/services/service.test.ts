import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { Place } from './place.ts'
import { wayTo } from './recipe.ts'

const recipe = { from: 'apt', env: 'TEST_THING' } as const
const nothing = { given: false, present: false, ci: false, installs: false }

test('a service that is named in the environment wins over one that could be started', () => {
  assert.deepEqual(wayTo('thing', recipe, { ...nothing, given: true, present: true, ci: true }), { kind: 'connect' })
})

test('a service that is there is started, asked or not', () => {
  assert.deepEqual(wayTo('thing', recipe, { ...nothing, present: true }), { kind: 'start' })
})

test('a missing service is installed where that was asked for, and always under CI', () => {
  assert.deepEqual(wayTo('thing', recipe, { ...nothing, installs: true }), { kind: 'install' })
  assert.deepEqual(wayTo('thing', recipe, { ...nothing, ci: true }), { kind: 'install' })
})

test('a missing service is else a skip that says how to get it', () => {
  const way = wayTo('thing', recipe, nothing)

  assert.ok(way.kind === 'skip')
  assert.match(way.why, /--install-services .* apt.* TEST_THING/)
})

test('a place ends its processes by their ids, even one that does not heed SIGTERM, and leaves no folder', async () => {
  const place = new Place('deaf', { endMs: 100 })
  const folder = await place.folder()
  await writeFile(join(folder, 'data'), 'x')
  const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')"
  const child = place.spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'ignore'] })
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  if (child.stdout) await once(child.stdout, 'data')

  await place.end()
  await place.end()

  assert.equal(child.signalCode, 'SIGKILL')
  assert.equal(bystander.exitCode ?? bystander.signalCode, null)
  assert.ok(!existsSync(folder))
  bystander.kill()
})

test('a process that is told to end takes what it started in all its places with it', async () => {
  const module = new URL('place.ts', import.meta.url).href
  const program = `
    const { Place } = await import(${JSON.stringify(module)})
    const forever = ['-e', 'setInterval(() => {}, 1000)']
    for (const name of ['one', 'two']) new Place(name).spawn(process.execPath, forever, { stdio: 'inherit' })
    console.log('up')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.stdout.resume()

  child.kill('SIGTERM')
  // Its output closes when all have ended who have it.
  const [, signal] = await once(child, 'close')

  assert.equal(signal, 'SIGTERM')
})

test('a free port is one that nobody listens on', async () => {
  const socket = connect(await new Place('port').port(), '127.0.0.1')
  const [error] = await once(socket, 'error')

  assert.equal(error.code, 'ECONNREFUSED')
})
