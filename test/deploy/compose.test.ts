import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { driverOf } from '../../src/presets/broker.ts'
import { configured, sampleOf, secretVariables } from './command-line.ts'
import { type ComposeService, readCompose } from './compose.ts'

const given = {
  POSTGRES_PASSWORD: 'sample',
  STRIPE_WEBHOOK_SECRET: sampleOf('STRIPE_WEBHOOK_SECRET'),
  API_TOKEN: 'sample',
}
const { services, volumes, text, required } = await readCompose('deploy/compose.yaml', given)
const ours = Object.entries(services).filter(([name, { profiles }]) => name !== 'postgres' && profiles.length === 0)
/** Read by Amazon's client and by the vault, and no settings of ours. */
const OTHERS = /^(AWS_\w+|VAULT_KEY)$/
const configOf = ({ command = [], environment }: ComposeService, also: Readonly<Record<string, string>> = {}) => {
  const settings = Object.entries(environment).filter(([name]) => !OTHERS.test(name))
  return configured(command, { ...Object.fromEntries(settings), ...also })
}
/** What the comment at its head says: which profile goes with which address. */
const shown = [...text.matchAll(/^#\s+COMPOSE_PROFILES=(\w+)\s+BROKER_URL='?([^\s']+)'?/gm)].map(
  ([, profile = '', url = '']) => ({ profile, url }),
)

test('Compose starts Postgres, two processes that take events and one that works them', async () => {
  const names = ['migrate', 'ingestion-1', 'ingestion-2', 'processing']
  assert.deepEqual(
    ours.map(([name]) => name),
    names,
  )
  assert.deepEqual(services['postgres']?.profiles, [])
  const roles = await Promise.all(ours.slice(1).map(async ([, one]) => (await configOf(one)).roles))

  assert.deepEqual(roles, [['ingestion'], ['ingestion'], ['processing']])
})

test('every command and variable in it is one that the command line knows, and all name one ledger', async () => {
  const { environment } = services['postgres']!
  const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = environment

  for (const [, service] of ours) {
    const { databaseUrl, console } = await configOf(service)
    assert.equal(databaseUrl, `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`)
    assert.equal(console.token, given.API_TOKEN)
  }
})

test('no secret stands in it: what is needed is asked for by name', () => {
  assert.deepEqual([...required].sort(), Object.keys(given).sort())
  for (const [, { environment }] of Object.entries(services))
    for (const [name, value] of Object.entries(environment))
      if (secretVariables.has(name) || /PASSWORD/.test(name)) assert.match(value, /^$|sample/)
  assert.doesNotMatch(text, /whsec_\w|sample/)
})

test('what is published is what listens, and the private listeners are for this machine alone', async () => {
  const taken = ours.flatMap(([, { ports }]) => ports.map((port) => port.split(':').at(-2)))
  assert.equal(new Set(taken).size, taken.length)

  for (const [name, service] of ours) {
    const { ingestion, console, roles } = await configOf(service)
    const inner = service.ports.map((port) => Number(port.split(':').at(-1)))
    const listening = [...(roles.includes('ingestion') ? [ingestion.port] : []), console.port]
    assert.deepEqual(inner, service.command?.[0] === 'up' ? listening : [], name)
    for (const port of service.ports.filter((one) => one.endsWith(`:${console.port}`)))
      assert.match(port, /^127\.0\.0\.1:/)
  }
})

test('nothing starts before what it needs, and a stop leaves time to drain', async () => {
  for (const [name, service] of ours) {
    const { processing } = await configOf(service)
    const needed = name === 'migrate' ? ['postgres', 'service_healthy'] : ['migrate', 'service_completed_successfully']
    assert.deepEqual(
      Object.entries(service.depends_on).map(([other, { condition }]) => [other, condition]),
      [needed],
    )
    assert.ok(Number.parseInt(service.stop_grace_period, 10) * 1000 > processing.drainMs + 10_000)
    assert.deepEqual([service.read_only, service.cap_drop], [true, ['ALL']])
  }
  const { context = '', dockerfile = '' } = services['migrate']?.build ?? {}
  assert.ok(existsSync(join('deploy', context, dockerfile)))
  const mounted = Object.values(services).flatMap(({ volumes }) => volumes.map((one) => one.split(':')[0] ?? ''))
  assert.deepEqual(Object.keys(volumes).sort(), mounted.filter((one) => !one.startsWith('.')).sort())
  for (const file of mounted.filter((one) => one.startsWith('.'))) assert.ok(existsSync(join('deploy', file)), file)
})

test('each broker is a profile, and the address that is shown for it leads there', async () => {
  assert.deepEqual(
    shown.map(({ profile, url }) => [profile, driverOf(url)]),
    ['redis', 'kafka', 'sqs', 'pubsub'].map((name) => [name, name]),
  )
  for (const { profile, url } of shown) {
    const { emulator = new URL(url).host } = Object.fromEntries(new URL(url).searchParams)
    assert.deepEqual(services[emulator.split(':')[0] ?? '']?.profiles, [profile])
    for (const [, service] of ours) assert.equal((await configOf(service, { BROKER_URL: url })).broker.url, url)
  }
})

test('a spool lies in a volume of its own process, and the nodes of the locks that are shown are there', async () => {
  const [, place = ''] = /HOOKKEEPER_SPOOL=(\S+)/.exec(text) ?? []
  const [, nodes = ''] = /LOCK_URLS=(\S+)/.exec(text) ?? []
  const within = ours.flatMap(([name, { volumes }]) => volumes.map((one) => [name, ...one.split(':')]))

  assert.deepEqual(
    within.map(([name]) => name),
    ['ingestion-1', 'ingestion-2'],
  )
  assert.equal(new Set(within.map(([, volume]) => volume)).size, 2)
  for (const [, , at = '?'] of within) assert.ok(place.startsWith(`${at}/`))
  for (const node of nodes.split(',')) assert.deepEqual(services[new URL(node).hostname]?.profiles, ['locks'])
  assert.equal((await configOf(services['processing']!, { LOCK_URLS: nodes })).lock.urls.length, 3)
})

test('a Redis there has on its disk what it has answered, and throws nothing away', () => {
  for (const name of ['redis', 'lock-1', 'lock-2', 'lock-3']) {
    const words = services[name]?.command?.join(' ') ?? ''
    assert.match(words, /--appendonly yes --appendfsync always/)
    if (name === 'redis') assert.match(words, /--maxmemory-policy noeviction/)
  }
})
