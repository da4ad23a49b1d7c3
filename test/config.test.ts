import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { configTable, effective, endpoints, loadConfig, reloadSecrets, settings } from '../src/config.ts'
import { HookkeeperError } from '../src/core/errors.ts'
import { emptyFolder } from './folder.ts'

const SECRET = 'whsec_0123456789abcdefghijWXYZ'

function project(files: Record<string, string> = {}): string {
  const cwd = emptyFolder('config')
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(cwd, name), contents)
  return cwd
}

const load = (where: Parameters<typeof loadConfig>[0] = {}) => loadConfig({ cwd: project(), env: {}, ...where })

async function refusalOf(where: Parameters<typeof loadConfig>[0]): Promise<string> {
  const error = await load(where).then(
    () => assert.fail('it was accepted'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof HookkeeperError, String(error))
  return `${error.code}: ${error.message} ${error.remedy}`
}

test('with nothing configured every setting has its default', async () => {
  const config = await load()

  assert.equal(config.databaseUrl, 'sqlite:.hookkeeper/hookkeeper.db')
  assert.deepEqual([config.ingestion.port, config.console.host, config.console.port], [4242, '127.0.0.1', 4243])
  assert.deepEqual(config.roles, ['ingestion', 'processing'])
  assert.deepEqual([config.processing.concurrency, config.processing.drainMs], [32, 7000])
  assert.deepEqual(config.retention, { bodyDays: 30, eventDays: 90 })
  assert.deepEqual(endpoints(config.accounts), [])
})

test('the file goes over defaults, the environment over the file, flags over the environment', async () => {
  const cwd = project({
    'hookkeeper.config.ts':
      'const port: number = 1001\nexport default { ingestion: { port, host: "file" }, console: { port: 1001 }, log: { level: "debug" } }',
  })

  const config = await load({ cwd, env: { PORT: '1002', CONSOLE_PORT: '1002' }, flags: { 'ingestion.port': '1003' } })

  assert.deepEqual(
    [config.ingestion.port, config.console.port, config.ingestion.host, config.log.level],
    [1003, 1002, 'file', 'debug'],
  )
  const from = new Map(effective(config).map((row) => [row.setting, row.from]))
  assert.deepEqual(
    ['ingestion.port', 'console.port', 'ingestion.host', 'ingestion.bodyBytesMax'].map((name) => from.get(name)),
    ['--port', 'CONSOLE_PORT', 'hookkeeper.config.ts', 'default'],
  )
})

test('a config file may be ESM or CommonJS, JavaScript or TypeScript; two of them are refused', async () => {
  for (const [name, text] of [
    ['hookkeeper.config.mjs', 'export default { ingestion: { port: 7 } }'],
    ['hookkeeper.config.cjs', 'module.exports = { ingestion: { port: 7 } }'],
    ['hookkeeper.config.js', 'module.exports = { ingestion: { port: 7 } }'],
    ['hookkeeper.config.mts', 'export default { ingestion: { port: 7 as number } }'],
  ] as const) {
    const config = await load({ cwd: project({ [name]: text }) })
    assert.equal(config.ingestion.port, 7, name)
  }

  const two = project({ 'hookkeeper.config.js': '', 'hookkeeper.config.ts': '' })
  assert.match(await refusalOf({ cwd: two }), /hookkeeper\.config\.ts and hookkeeper\.config\.js both/)
})

const file = (text: string) => ({ cwd: project({ 'hookkeeper.config.mjs': text }) })

for (const [what, where, sentence] of [
  [
    'a misspelt setting',
    file('export default { ingestion: { prot: 1 } }'),
    /hookkeeper\.config\.mjs has no setting ingestion\.prot\. Did you mean ingestion\.port\?/,
  ],
  [
    'a setting one level too high',
    file('export default { drainMs: 1 }'),
    /has no setting drainMs\. Did you mean processing\.drainMs\?/,
  ],
  ['a misspelt part', file('export default { retenton: { bodyDays: 1 } }'), /Did you mean retention\?/],
  [
    'a misspelt part of an account',
    file('export default { accounts: { eu: { webhookSecret: [] } } }'),
    /no setting accounts\.eu\.webhookSecret\. Did you mean accounts\.eu\.webhookSecrets\?/,
  ],
  ['a word that is like no setting', file('export default { zebra: 1 }'), /no setting zebra\. docs\/config\.md lists/],
  [
    'a misspelt variable',
    { env: { HOOKKEEPER_FORWARD_TOO: 'x' } },
    /The environment has no setting HOOKKEEPER_FORWARD_TOO\. Did you mean HOOKKEEPER_FORWARD_TO\?/,
  ],
  [
    'a word for a number',
    { env: { PORT: 'abc' } },
    /PORT: ingestion\.port is "abc"; it takes a whole number from 0 to 65535/,
  ],
  ['a number out of range', { flags: { 'ingestion.port': '70000' } }, /--port: ingestion\.port is "70000"/],
  ['an unknown role', { env: { HOOKKEEPER_ROLES: 'ingestion,cooking' } }, /it takes a list of ingestion, processing/],
  [
    'a duration without sense',
    { env: { HOOKKEEPER_PROCESSING_DRAIN_MS: '7 parsecs' } },
    /drainMs is "7 parsecs"; it takes a duration/,
  ],
  ['a text where a part belongs', file('export default { tls: true }'), /tls is true; it takes an object of settings/],
  [
    'an address without a scheme',
    { env: { HOOKKEEPER_FORWARD_TO: 'localhost:3000' } },
    /forward\.to is "localhost:3000"; it takes an http:\/\/ or https:\/\//,
  ],
  [
    'forgetting ids before Stripe does',
    { flags: { 'retention.eventDays': 34 } },
    /retention\.eventDays is 34; Stripe lists events for 30 days.*at least 35/,
  ],
  [
    'bodies that outlive their events',
    { flags: { 'retention.bodyDays': 91 } },
    /retention\.bodyDays is 91, but the events themselves are kept for 90/,
  ],
  [
    'a certificate without its key',
    { env: { TLS_CERT_FILE: 'cert.pem' } },
    /TLS_CERT_FILE|tls\.keyFile.*belong together/,
  ],
  ['one port for both listeners', { env: { PORT: '4243' } }, /PORT: ingestion\.port and console\.port are both 4243/],
  ['a secondary of nothing', { env: { HOOKKEEPER_FORWARD_SECONDARY: 'http://b' } }, /stands in for forward\.to/],
  [
    'an account with a slash in its name',
    file('export default { accounts: { "a/b": {} } }'),
    /accounts\.a\/b is no name for an account/,
  ],
  ['a config file that is not there', { file: 'nope.ts' }, /nope\.ts cannot be loaded: there is no such file/],
  ['a config file that throws', file('throw new Error("boom")'), /cannot be loaded: boom/],
  ['a config file that exports nothing', file('export const x = 1'), /has to export defineConfig/],
  [
    'an API key as webhook secret',
    { env: { STRIPE_WEBHOOK_SECRET: 'sk_live_abc' } },
    /secret_invalid: STRIPE_WEBHOOK_SECRET \(endpoint default\) is not a webhook secret: it is an API key/,
  ],
  ['a webhook secret in quotes', { env: { STRIPE_WEBHOOK_SECRET: `"${SECRET}"` } }, /it stands in quotes/],
  [
    'a webhook secret as API key',
    { env: { STRIPE_SECRET_KEY: SECRET } },
    /STRIPE_SECRET_KEY: accounts\.default\.secretKey cannot be read; it takes a Stripe secret key/,
  ],
  [
    'a secret and its file',
    { env: { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_SECRET_KEY_FILE: 'x' } },
    /STRIPE_SECRET_KEY and STRIPE_SECRET_KEY_FILE are both set/,
  ],
  [
    'a secret file that is not there',
    { env: { STRIPE_WEBHOOK_SECRET_FILE: 'nope' } },
    /STRIPE_WEBHOOK_SECRET_FILE names it, and reading it fails with ENOENT/,
  ],
] as const) {
  test(`${what} is refused in one sentence that says where`, async () => {
    const refusal = await refusalOf(where)

    assert.match(refusal, sentence)
    assert.doesNotMatch(refusal, /0123456789|sk_live_abc/)
    assert.doesNotMatch(refusal, /\n/)
  })
}

test('an empty variable counts as not set, and what is not ours is none of our business', async () => {
  const config = await load({ env: { PORT: '', HOME: '/root', BROKEN_URL: 'x' } })

  assert.equal(config.ingestion.port, 4242)
})

test('durations and sizes may name their unit; a bare number is in the unit of the name', async () => {
  const read = async (name: string, value: unknown) => {
    const config = await load({ flags: { [name]: value } })
    return name.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config)
  }

  assert.equal(await read('processing.drainMs', 1500), 1500)
  assert.equal(await read('processing.drainMs', '1500'), 1500)
  assert.equal(await read('processing.drainMs', '7s'), 7000)
  assert.equal(await read('processing.drainMs', '1m 30s'), 90_000)
  assert.equal(await read('processing.retry.maxMs', '1.5h'), 5_400_000)
  assert.equal(await read('ingestion.toleranceS', '2m'), 120)
  assert.equal(await read('retention.bodyDays', '48h'), 2)
  assert.equal(await read('ingestion.bodyBytesMax', '2MiB'), 2_097_152)
  assert.equal(await read('ingestion.bodyBytesMax', '200 KB'), 200_000)
  assert.equal(await read('ingestion.diskReserveMb', '1GB'), 1000)
})

test('the variables of Stripe fill the account default; other accounts and named endpoints come from the file', async () => {
  const config = await load({
    ...file(
      "export default { accounts: { eu: { secretKey: 'rk_live_1', webhookSecrets: { orders: 'whsec_o', connect: ['whsec_c1', 'whsec_c2'] } }, us: { webhookSecrets: ['whsec_u'] } } }",
    ),
    env: { STRIPE_WEBHOOK_SECRET: `${SECRET}, whsec_next`, STRIPE_SECRET_KEY: 'sk_test_1' },
  })

  assert.deepEqual(endpoints(config.accounts), [
    { endpoint: 'eu/orders', account: 'eu', secrets: ['whsec_o'] },
    { endpoint: 'eu/connect', account: 'eu', secrets: ['whsec_c1', 'whsec_c2'] },
    { endpoint: 'us', account: 'us', secrets: ['whsec_u'] },
    { endpoint: 'default', account: 'default', secrets: [SECRET, 'whsec_next'] },
  ])
  assert.deepEqual(
    ['default', 'eu', 'us'].map((name) => config.accounts[name]?.mode),
    ['test', 'live', null],
  )
})

test('a secret is read from its file, and again when asked', async () => {
  const cwd = project({
    webhook: `${SECRET}\n`,
    token: 'first',
    'hookkeeper.config.mjs': "export default { accounts: { eu: { webhookSecrets: [{ file: 'webhook' }] } } }",
  })
  const config = await load({ cwd, env: { HOOKKEEPER_API_TOKEN_FILE: 'token' } })
  assert.deepEqual(endpoints(config.accounts)[0]?.secrets, [SECRET])
  assert.equal(config.console.token, 'first')

  writeFileSync(join(cwd, 'webhook'), 'whsec_next')
  writeFileSync(join(cwd, 'token'), 'second\n')
  const again = reloadSecrets(config)

  assert.deepEqual(endpoints(again.accounts)[0]?.secrets, ['whsec_next'])
  assert.equal(again.console.token, 'second')
  assert.equal(config.console.token, 'first')

  writeFileSync(join(cwd, 'webhook'), 'rubbish')
  assert.throws(() => reloadSecrets(again), /is not a webhook secret/)
})

test('the effective settings show no secret whole', async () => {
  const config = await load({
    env: {
      STRIPE_WEBHOOK_SECRET: `${SECRET},whsec_short`,
      STRIPE_SECRET_KEY: 'sk_live_0123456789abcdefghij',
      HOOKKEEPER_API_TOKEN: '0123456789abcdefghij',
      HOOKKEEPER_FORWARD_SECRET: SECRET,
    },
  })

  const printed = JSON.stringify(effective(config))

  assert.doesNotMatch(printed, /0123|short/)
  assert.match(printed, /whsec_…WXYZ/)
  assert.match(printed, /sk_live_…ghij/)
})

test('handlers in a config file are found from that file, on the command line from the working directory', async () => {
  const cwd = project({ 'hookkeeper.config.mjs': "export default { handlers: './src/stripe.ts' }" })

  const written = await load({ cwd: tmpdir(), file: join(cwd, 'hookkeeper.config.mjs') })
  const flagged = await load({ cwd, flags: { handlers: 'other.ts' } })

  assert.equal(written.handlers, join(cwd, 'src/stripe.ts'))
  assert.equal(flagged.handlers, join(cwd, 'other.ts'))
})

test('the release is what is configured, else the commit, else the package', async () => {
  const cwd = project({ 'package.json': '{"name":"shop","version":"2.1.0"}' })

  assert.equal((await load({ cwd })).release, 'shop@2.1.0')
  assert.equal((await load({ cwd, env: { HOOKKEEPER_RELEASE: 'blue-7' } })).release, 'blue-7')
  assert.match((await load({ cwd: process.cwd() })).release, /^([0-9a-f]{12}|.+@.+)$/)
})

test('every setting has a variable of its own, a line about it and a row in the table', () => {
  const variables = settings().flatMap((setting) => setting.variables)

  assert.equal(new Set(variables).size, variables.length)
  for (const setting of settings()) {
    assert.ok(setting.about.endsWith('.'), setting.name)
    assert.ok(configTable().includes(`| \`${setting.name}\` |`), setting.name)
  }
})
