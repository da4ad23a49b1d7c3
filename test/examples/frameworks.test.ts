import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { deliver, done, invoicePaid, start } from '../package/program.ts'
import { run } from '../package/project.ts'
import { Place } from '../services/place.ts'
import { build, edited, FRAMEWORKS, type Framework, type Mistake, QUIET } from './frameworks.ts'
import { installed } from './install.ts'

const SECRET = 'whsec_4Kq9ZtXwLrPm2VbNcYhJ7dGs'
const TSC = join(process.cwd(), 'node_modules', '.bin', 'tsc')
const place = new Place('examples')

// Side by side: npm mostly waits for the network.
const names = [...FRAMEWORKS.map(({ name }) => name), 'gateway-express']
const ready = new Map(await Promise.all(names.map(async (name) => [name, await installed(name)] as const)))

for (const framework of FRAMEWORKS) {
  const [skip, dir] = [skipOf(framework.name), dirOf(framework.name)]

  test(`${framework.name}: an event is worked, its repeat is not, a wrong signature is refused, SIGTERM drains`, {
    skip,
  }, async () => {
    await build(dir, framework)
    const { env, url, api, database } = await surroundings(dir, 'right')
    const event = invoicePaid(`evt_${framework.name}`)
    const program = start(framework.start, { cwd: dir, env })
    try {
      await program.printed(framework.up)
      const answers = [
        await deliver(url, { event, secret: SECRET }),
        await deliver(url, { event, secret: SECRET }),
        await deliver(url, { event, secret: `${SECRET}_wrong` }),
      ]
      await done(api, event.id)
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 400],
      )
      assert.match(answers[2]?.text ?? '', /"signature_mismatch"/)
    } finally {
      assert.equal(await program.stop(), 0, program.output())
    }

    assert.deepEqual(program.output().match(/^paid .*/gm), [`paid in_${event.id} 4900`])
    assert.deepEqual(paid(database), [4900])
  })

  for (const mistake of framework.mistakes) {
    const { file, edit, mend, told } = mistake
    const where = mistake.path ?? file
    test(`${framework.name}: a body that was parsed before is refused with what to add (${where})`, {
      skip,
    }, async () => {
      const path = join(dir, file)
      const wrong = await edited(path, edit)
      try {
        const { status, text } = await answerOf(framework, mistake, dir)
        assert.equal(status, 500, text)
        const { code, remedy } = JSON.parse(text).error
        assert.equal(code, 'body_already_parsed')
        assert.ok(remedy.includes(told), remedy)
        if (mend) {
          await edited(path, mend)
          assert.equal((await answerOf(framework, mistake, dir)).status, 200)
        }
      } finally {
        await wrong.takeBack()
      }
    })
  }
}

/** What one event gets from the example as it stands in its folder. */
async function answerOf(framework: Framework, { start: words, path = '' }: Mistake, dir: string) {
  if (!words) await build(dir, framework)
  const { env, url } = await surroundings(dir, 'mistaken')
  const program = start(words ?? framework.start, { cwd: dir, env })
  try {
    await program.printed(framework.up)
    return await deliver(new URL(path, url).href, { event: invoicePaid('evt_1'), secret: SECRET })
  } finally {
    await program.stop()
  }
}

test('next: code that is edited while the server runs works the next event, in the same cluster', {
  skip: skipOf('next'),
}, async () => {
  const dir = dirOf('next')
  const { env, url } = await surroundings(dir, 'edited')
  const program = start(['node_modules/next/dist/bin/next', 'dev'], { cwd: dir, env })
  const send = async (id: string) =>
    assert.equal((await deliver(url, { event: invoicePaid(id), secret: SECRET })).status, 200)
  let edit = { takeBack: async () => {} }
  try {
    await program.printed(/Ready/)
    await send('evt_before')
    await program.printed(/^paid in_evt_before/m)
    edit = await edited(join(dir, 'lib/hookkeeper.ts'), (text) => text.replace("log('paid'", "log('PAID'"))
    // When the server notices is its own affair: events are sent until it has.
    for (let n = 0; !/^PAID/m.test(program.output()); n++) {
      await send(`evt_${n}`)
      await program.printed(new RegExp(`^(paid|PAID) in_evt_${n} `, 'm'))
    }
  } finally {
    await edit.takeBack()
    await program.stop()
  }
  assert.doesNotMatch(program.output(), /ledger_/)
})

test("the gateway works an event through a route as Stripe's documentation shows it", {
  skip: skipOf('gateway-express'),
}, async () => {
  const dir = dirOf('gateway-express')
  const app = await surroundings(dir, 'gateway')
  const gateway = { ...app.env, PORT: `${await place.port()}` }
  const bin = 'node_modules/hookkeeper/dist/cli/bin.js'
  const route = start(['server.js'], { cwd: dir, env: app.env })
  const up = start([bin, 'up', '--forward-to', new URL('/webhook', app.url).href], { cwd: dir, env: gateway })
  const url = `http://127.0.0.1:${gateway.PORT}/webhooks/stripe`
  const event = invoicePaid('evt_through')
  try {
    await Promise.all([route.printed(/Running/), up.printed(/webhooks/)])
    assert.equal((await deliver(url, { event, secret: SECRET })).status, 200)
    assert.equal((await deliver(url, { event, secret: SECRET })).status, 200)
    assert.equal((await deliver(url, { event, secret: `${SECRET}_wrong` })).status, 400)
    await done(app.api, event.id)
  } finally {
    assert.deepEqual(await Promise.all([up.stop(), route.stop()]), [0, 0], up.output() + route.output())
  }

  assert.deepEqual(route.output().match(/^paid .*/gm), ['paid in_evt_through 4900'])
})

test('the types hold in the examples that nothing compiles', {
  skip: skipOf('express') || skipOf('fastify') || skipOf('hono'),
}, async () => {
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
  ]
  for (const name of ['express', 'fastify', 'hono']) {
    const said = await run(TSC, [...options, 'server.mts'], { cwd: dirOf(name) }).then(
      () => '',
      ({ stdout }) => stdout,
    )
    assert.equal(said, '', name)
  }
})

test('the lock files are of this package as it is', async () => {
  const ours = JSON.parse(await readFile('package.json', 'utf8'))
  for (const name of names) {
    const { packages } = JSON.parse(await readFile(`examples/${name}/package-lock.json`, 'utf8'))
    const { version, dependencies, peerDependencies } = packages['node_modules/hookkeeper']
    const { version: v, dependencies: d, peerDependencies: p } = ours
    assert.deepEqual(
      [version, dependencies, peerDependencies],
      [v, d, p],
      'node test/examples/lock.ts writes them anew',
    )
  }
})

function skipOf(name: string): string | false {
  const at = ready.get(name)!
  return 'skip' in at && at.skip
}

function dirOf(name: string): string {
  const at = ready.get(name)!
  return 'dir' in at ? at.dir : ''
}

/** Ports of its own and a ledger of its own. */
async function surroundings(dir: string, ledger: string) {
  const [port, privatePort] = [await place.port(), await place.port()]
  await mkdir(join(dir, '.hookkeeper'), { recursive: true })
  const env = {
    ...QUIET,
    STRIPE_WEBHOOK_SECRET: SECRET,
    DATABASE_URL: `sqlite:.hookkeeper/${ledger}.db`,
    PORT: `${port}`,
    CONSOLE_PORT: `${privatePort}`,
  }
  return {
    env,
    url: `http://127.0.0.1:${port}/webhooks/stripe`,
    api: `http://127.0.0.1:${privatePort}`,
    database: join(dir, '.hookkeeper', `${ledger}.db`),
  }
}

/** What the examples' handlers wrote. */
function paid(database: string): unknown[] {
  const db = new DatabaseSync(database, { readOnly: true })
  try {
    return db
      .prepare('select cents from paid')
      .all()
      .map(({ cents }) => cents)
  } finally {
    db.close()
  }
}
