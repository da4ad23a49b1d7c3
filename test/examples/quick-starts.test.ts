import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { Place } from '../services/place.ts'
import { QUIET } from './frameworks.ts'
import { installed } from './install.ts'
import { packagesIn, readQuickStarts } from './quick-starts.ts'
import { Session } from './session.ts'

const COMMANDS_MAX = 5
const place = new Place('quick-starts')
after(() => place.end())

const { quickStarts, others } = await readQuickStarts()
const ready = new Map(
  await Promise.all(quickStarts.map(async ({ example }) => [example, await installed(example)] as const)),
)

for (const { example, steps } of quickStarts) {
  const at = ready.get(example)!
  test(`the quick start for ${example} shows what its commands show`, { skip: 'skip' in at && at.skip }, async () => {
    const [app, hook, api] = [await place.port(), await place.port(), await place.port()]
    const session = new Session({
      cwd: 'dir' in at ? at.dir : '',
      env: { ...environment(), DATABASE_URL: 'sqlite:.hookkeeper/quick-start.db', CONSOLE_PORT: `${api}` },
      asRun: (command) => ({
        command: command.replaceAll('localhost:3000', `localhost:${app}`),
        env: { PORT: `${command.includes('hookkeeper up') ? hook : app}` },
      }),
    })
    try {
      for (const step of steps.slice(1)) await session.play(step)
    } finally {
      await session.end()
    }
  })

  test(`from npm install to the first handled event it takes at most ${COMMANDS_MAX} commands: ${example}`, async () => {
    const handled = steps.findIndex(({ lines }) => lines.some((line) => line.startsWith('paid in_')))

    assert.ok(handled >= 0 && handled < COMMANDS_MAX, `it is the command ${handled + 1}`)
    assert.match(steps[0]?.command ?? '', /^npm install hookkeeper /)
    const { dependencies, devDependencies } = JSON.parse(await readFile(`examples/${example}/package.json`, 'utf8'))
    const known = { ...dependencies, ...devDependencies }
    const named = packagesIn(steps[0]!)
    assert.deepEqual(
      named.filter((name) => !(name in known)),
      [],
    )
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !named.includes(name)),
      [],
    )
  })
}

test('the document holds nothing that is neither played nor a file of an example', () => {
  assert.deepEqual(
    others.filter(({ marks }) => !marks.some((mark) => mark.startsWith('file=examples/'))),
    [],
  )
})

function environment(): Record<string, string> {
  return { ...QUIET, PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }
}
