import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { actions } from '../../src/actions/list.ts'
import { routesOf } from '../../src/console/api.ts'
import { setUp } from './setup.ts'

type Node = { readonly [key: string]: unknown }

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Node }>> }
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: Node }>> }>
  >
}

interface Document extends Node {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Node>> }
}

async function published(): Promise<Document> {
  return (await setUp().get('/api/v1/openapi.json')).json
}

const operations = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ path, method, operation })),
  )

/** Everything in the document, the document first. */
function* nodes(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  yield value as Node
  for (const part of Object.values(value)) yield* nodes(part)
}

/** The document's own schema as a check: what a generated client would hold the answer against. */
function checker(document: Document, schema: Node): z.ZodType {
  const whole = { ...schema, $defs: document.components.schemas }
  const local = JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')
  return z.fromJSONSchema(JSON.parse(local))
}

test('every route is in the document, and nothing else', async () => {
  const document = await published()

  const listed = operations(document).map(({ path, method }) => `${method} ${path}`)
  const served = routesOf({ actions }).map(({ path, method }) => `${method} ${path}`)
  assert.deepEqual(listed.toSorted(), served.toSorted())
  for (const { name } of actions) assert.ok(listed.includes(`post /api/v1/actions/${name}`), name)
  assert.equal(document['openapi'], '3.1.0')
})

test('every reference leads somewhere, every id is used once, every path parameter is described', async () => {
  const document = await published()

  const refs = [...nodes(document)].flatMap((node) => (typeof node['$ref'] === 'string' ? [node['$ref']] : []))
  assert.ok(refs.length > 20)
  for (const ref of refs) assert.ok(ref.replace('#/components/schemas/', '') in document.components.schemas, ref)
  const ids = operations(document).map(({ operation }) => operation.operationId)
  assert.equal(new Set(ids).size, ids.length, String(ids))
  for (const { path, operation } of operations(document)) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const described = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
    assert.deepEqual(described, named, path)
  }
})

test('no schema has lost its meaning on the way: each says a type, a reference or a choice', async () => {
  const { components } = await published()

  for (const [name, schema] of Object.entries(components.schemas))
    assert.ok('type' in schema || '$ref' in schema || 'anyOf' in schema || 'oneOf' in schema, name)
})

test('the filters of a listing are the parameters of the document', async () => {
  const document = await published()

  const names = document.paths['/api/v1/events']?.['get']?.parameters.map(({ name }) => name)
  const promised =
    'id type state reason held customer object lane account connected livemode endpoint handledBy superseded since until limit cursor'
  assert.deepEqual(names?.toSorted(), promised.split(' ').toSorted())
})

test("each action's input is described with who and why, and what the description allows is accepted", async () => {
  const document = await published()
  const { put, post } = setUp()
  put('evt_1')
  const inputs: Record<string, object> = {
    ...{ replay: { ids: ['evt_1'] }, discard: { type: 'x', limit: 5 }, quarantine: { customer: 'cus_9' } },
    ...{ release: { since: '2026-01-01' }, record: { lane: 'x' }, reroute: { ttl: '30m' } },
    ...{ pause: { types: ['invoice.*'], ttl: 60_000 }, resume: { all: true } },
  }
  await post('/api/v1/actions/pause', { types: ['*'] })

  for (const { name } of actions) {
    const path = `/api/v1/actions/${name}`
    const schema = document.paths[path]?.['post']?.requestBody?.content['application/json']?.schema
    const input = { ...inputs[name], by: 'ada', why: 'because' }
    assert.ok(checker(document, schema!).safeParse(input).success, name)
    assert.ok(!checker(document, schema!).safeParse({ ...input, colour: 'red' }).success, name)
    assert.equal((await post(`${path}?preview=true`, input)).status, 200, name)
  }
})

test('what the routes answer is what the document says', async () => {
  const document = await published()
  const { put, get, post, strays, readiness } = setUp()
  const kept = put('evt_1')
  put('evt_2', { state: 'waiting', held: 'restored', twinOf: 'evt_1', dueAt: 5, customer: null, object: null })
  put('evt_twice')
  put('evt_twice', { tenant: { connected: 'acct_1' } })
  strays.push({ id: 1, at: 0, source: 's', why: 'w', bytes: Buffer.from('x') })
  kept.timeline.push({
    ...({ kind: 'attempt', attempt: 1, fence: 7, startedAt: 0, endedAt: null, worker: 'w', release: 'r' } as const),
    ...({ outcome: 'running', reason: null, dueAt: null, error: null } as const),
  })
  const posts: readonly (readonly [string, unknown])[] = [
    ['/api/v1/actions/replay?preview=true', { ids: ['evt_1'] }],
    ['/api/v1/actions/replay', { ids: ['evt_1'] }],
    ['/api/v1/actions/replay', { ids: ['evt_none'] }],
    ['/api/v1/actions/pause', { types: ['*'] }],
    ['/api/v1/actions/nothing', {}],
    ['/api/v1/backup', { path: '/tmp/x.db' }],
    ['/api/v1/backup', {}],
  ]
  const gets = [
    ...['/healthz', '/readyz', '/metrics', '/api/v1/events', '/api/v1/events?state=nothing', '/api/v1/events/evt_1'],
    ...['/api/v1/events/evt_1?body=true', '/api/v1/events/evt_none', '/api/v1/events/evt_twice', '/api/v1/status'],
    ...['/api/v1/strays', '/api/v1/strays?body=true', '/api/v1/journal', '/api/v1/openapi.json'],
  ]

  const answers = [
    ...(await Promise.all(posts.map(async ([path, body]) => ({ path, method: 'post', ...(await post(path, body)) })))),
    ...(await Promise.all(gets.map(async (path) => ({ path, method: 'get', ...(await get(path)) })))),
  ]
  readiness.now = { ok: false, why: ['x'] }
  answers.push({ path: '/readyz', method: 'get', ...(await get('/readyz')) })

  const covered = new Set<string>()
  for (const { path, method, status, json, text } of answers) {
    const found = operationOf(document, method, path)
    covered.add(`${method} ${found.path}`)
    const said = found.operation.responses[status] ?? found.operation.responses['default']
    const schema = said?.content['application/json']?.schema
    if (!schema) assert.ok(said?.content['text/plain'] && text, path)
    else assert.equal(checker(document, schema).safeParse(json).error, undefined, `${status} ${path} ${text}`)
  }
  const open = routesOf({ actions: [] }).filter(({ path }) => path !== '/api/v1/tail')
  for (const { path, method } of open) assert.ok(covered.has(`${method} ${path}`), `no answer of ${path} was checked`)
})

/** As a router finds it: a literal path before one with a parameter. */
function operationOf(document: Document, method: string, called: string) {
  const path = called.split('?', 1)[0]!
  const fits = operations(document).filter(
    (one) => one.method === method && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  const [found] = fits.toSorted((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')))
  assert.ok(found, called)
  return found
}
