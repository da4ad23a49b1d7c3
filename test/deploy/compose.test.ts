import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configured, sampleOf, secretVariables } from './command-line.ts'
import { type ComposeService, readCompose } from './compose.ts'

const given = {
  POSTGRES_PASSWORD: 'sample',
  STRIPE_WEBHOOK_SECRET: sampleOf('STRIPE_WEBHOOK_SECRET'),
  API_TOKEN: 'sample',
}
const { services, volumes, text, required } = await readCompose('deploy/compose.yaml', given)
const ours = Object.entries(services).filter(([name]) => name !== 'postgres')
const configOf = ({ command = [], environment }: ComposeService) => configured(command, environment)

test('Compose starts Postgres, two processes that take events and one that works them', async () => {
  assert.deepEqual(Object.keys(services), ['postgres', 'migrate', 'ingestion-1', 'ingestion-2', 'processing'])
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
      if (secretVariables.has(name) || /PASSWORD/.test(name)) assert.match(value, /sample/)
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
  assert.deepEqual(Object.keys(volumes), [services['postgres']?.volumes[0]?.split(':')[0]])
})
