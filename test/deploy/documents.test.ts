import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import { blocksIn } from '../docs/code.ts'
import { helm } from '../services/helm.ts'
import { rendered } from './chart.ts'
import { configured, sampleOf, variables } from './command-line.ts'
import { readDockerfile } from './dockerfile.ts'

const text = await readFile('docs/deploying.md', 'utf8')
const blocks = (language: string) => blocksIn(text).filter((block) => block.language === language)
const SECRETS = { STRIPE_WEBHOOK_SECRET: sampleOf('STRIPE_WEBHOOK_SECRET'), DATABASE_URL: sampleOf('DATABASE_URL') }

test('the commands of containers that are shown are commands', async () => {
  const arrays = [...text.matchAll(/`(\["(?:up|migrate)"[^`]*\])`/g)].map(([, array = '']) => JSON.parse(array))
  const [toml] = blocks('toml')
  const lines = [...(toml?.code ?? '').matchAll(/^\w+ = "((?:up|migrate)\b[^"]*)"/gm)].map(([, line = '']) =>
    line.split(' '),
  )

  const roles: (readonly string[])[] = []
  for (const words of [...arrays, ...lines]) roles.push((await configured(words, SECRETS)).roles)
  const one = [['ingestion'], ['processing'], ['ingestion', 'processing']]
  assert.deepEqual(roles, [...one, ...one])
})

test('the Helm commands that are shown render the chart', { skip: helm.skip }, async () => {
  const [shown = ''] = /^helm install (?:.*\\\n)*.*$/m.exec(text) ?? []
  const words = shown.replace(/\\\n/g, '').split(/\s+/).slice(4)

  const { of } = await rendered(await helm.ready(), ...words)
  assert.equal(of('Ingress')[0]?.spec.rules[0]?.host, 'hooks.example.com')
})

test('the variables that are named in capitals are settings, and what is shown as YAML or Dockerfile is that', () => {
  const named = [...text.matchAll(/\b(?:HOOKKEEPER|STRIPE|DATABASE|CONSOLE)_[A-Z_]+\b/g)].map(([name]) => name)
  const others = named.filter((name) => !variables.has(name) && !NO_SETTINGS.includes(name))
  assert.deepEqual(others, [])

  for (const { code } of blocks('yaml')) assert.equal(typeof parse(code), 'object')
  for (const { code } of blocks('dockerfile'))
    for (const { word } of readDockerfile(code)) assert.match(word, /^(FROM|COPY|ENV)$/)
})

/** The variable that Kubernetes makes, and the beginning of ours. */
const NO_SETTINGS = ['HOOKKEEPER_PORT', 'HOOKKEEPER_', 'DATABASE_DIRECT_URL']
