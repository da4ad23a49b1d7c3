import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as schemas from '../../src/console/schemas.ts'
import { setUp } from './setup.ts'

const NOW = '2026-01-01T00:00:00.000Z'

test('an event has exactly the fields of the documentation, with ISO instants', async () => {
  const { put, get } = setUp()
  put('evt_1', { state: 'done', reason: 'twin', twinOf: 'evt_0', doneAt: Date.UTC(2026, 0, 1) })

  const { status, json, headers } = await get('/api/v1/events')

  assert.equal(status, 200)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.deepEqual(json, {
    data: [
      {
        ...{ id: 'evt_1', type: 'invoice.paid', account: 'default', connected: null, livemode: false },
        ...{ endpoint: 'default', via: 'webhook', lane: 'default//0/cus_1', object: 'in_1', customer: 'cus_1' },
        ...{ state: 'done', held: null, attempts: 3, created: '2025-12-31T23:59:59.000Z', received: NOW, due: null },
        ...{ done: NOW, reason: 'twin', twinOf: 'evt_0' },
      },
    ],
    next: null,
  })
  const order =
    'id type account connected livemode endpoint via lane object customer state held attempts created received due done reason twinOf'
  assert.equal(Object.keys(json.data[0] ?? {}).join(' '), order)
})

test('each filter narrows the list', async () => {
  const { put, get } = setUp()
  put('evt_all')
  const other = {
    type: 'charge.failed',
    state: 'waiting',
    reason: 'exhausted',
    held: 'restored',
    customer: 'cus_2',
    object: 'ch_2',
    lane: 'l2',
    endpoint: 'eu/x',
    release: 'r2',
    receivedAt: Date.UTC(2026, 1, 1),
  } as const
  put('evt_one', { ...other, tenant: { account: 'eu', connected: 'acct_2', livemode: true } })

  const filters = {
    ...{ id: 'evt_one', type: 'charge.failed', state: 'waiting', reason: 'exhausted', held: 'true' },
    ...{ customer: 'cus_2', object: 'ch_2', lane: 'l2', account: 'eu', connected: 'acct_2', livemode: 'true' },
    ...{ endpoint: 'eu/x', handledBy: 'r2', since: '2026-02-01', until: '2026-02-01T00:00:00Z' },
  }
  for (const [name, value] of Object.entries(filters)) {
    if (name === 'until') continue
    const { json } = await get(`/api/v1/events?${name}=${encodeURIComponent(value)}`)
    assert.deepEqual(
      json.data.map(({ id }: { id: string }) => id),
      ['evt_one'],
      name,
    )
  }
  assert.equal((await get(`/api/v1/events?${new URLSearchParams(filters)}`)).json.data.length, 1)
  assert.equal((await get('/api/v1/events?until=2026-01-31&livemode=false&held=false')).json.data[0].id, 'evt_all')
})

test('a list goes on from its cursor until there is none', async () => {
  const { put, get } = setUp()
  for (let n = 0; n < 5; n++) put(`evt_${n}`)

  const ids: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { json } = await get(`/api/v1/events?limit=2${cursor && `&cursor=${cursor}`}`)
    ids.push(...json.data.map(({ id }: { id: string }) => id))
    cursor = json.next
  }

  assert.deepEqual(ids, ['evt_4', 'evt_3', 'evt_2', 'evt_1', 'evt_0'])
})

test('a parameter that does not exist, is given twice or makes no sense is refused in a sentence', async () => {
  const { get } = setUp()
  const bad = {
    '/api/v1/events?colour=red': /There is no colour; there are id, type, state/,
    '/api/v1/events?type=a&type=b': /type is given more than once/,
    '/api/v1/events?state=lost': /^state: /,
    '/api/v1/events?held=yes': /^held: /,
    '/api/v1/events?limit=0': /^limit: a whole number from 1 to 1000 is wanted/,
    '/api/v1/events?limit=many': /^limit: a whole number from 1 to 1000 is wanted/,
    '/api/v1/events?limit=2.5': /^limit: a whole number/,
    '/api/v1/events?limit=1001': /^limit: /,
    '/api/v1/events?limit=': /^limit: /,
    '/api/v1/events?since=today': /^since: today is no instant/,
    '/api/v1/events?cursor=': /^cursor: /,
    '/api/v1/status?x=1': /There is no x; there are none/,
    '/api/v1/events/evt_1?type=x': /There is no type; there are account/,
  }

  for (const [path, message] of Object.entries(bad)) {
    const { status, json } = await get(path)
    assert.deepEqual([status, json.error?.code], [400, 'query_invalid'], path)
    assert.match(json.error.message, message)
    assert.ok(schemas.errorJson.safeParse(json).success)
  }
})

test('one event shows its timeline, and its body only where it is asked for', async () => {
  const { put, get, post } = setUp()
  const kept = put('evt_1', { body: { id: 'evt_1', amount: 5 } })
  const at = Date.UTC(2026, 0, 1)
  kept.timeline.push({
    ...({
      kind: 'attempt',
      attempt: 1,
      fence: 7,
      startedAt: at,
      endedAt: at + 5,
      worker: 'w1',
      release: 'r1',
    } as const),
    ...({ outcome: 'retry', reason: 'failed', dueAt: at + 9 } as const),
    error: { name: 'Error', code: 'E', handler: 'h', message: 'm' },
  })
  await post('/api/v1/actions/replay', { ids: ['evt_1'], by: 'ada', why: 'mended' })

  const { json } = await get('/api/v1/events/evt_1')

  assert.equal(json.state, 'waiting')
  assert.deepEqual(json.timeline, [
    {
      ...{ kind: 'attempt', attempt: 1, fence: 7, worker: 'w1', release: 'r1', outcome: 'retry', reason: 'failed' },
      ...{ start: NOW, end: '2026-01-01T00:00:00.005Z', due: '2026-01-01T00:00:00.009Z' },
      error: { name: 'Error', code: 'E', handler: 'h', message: 'm' },
    },
    { kind: 'move', at: NOW, to: 'reopen', by: 'ada', why: 'mended' },
  ])
  assert.ok(!('body' in json))
  assert.deepEqual((await get('/api/v1/events/evt_1?body=true')).json.body, { id: 'evt_1', amount: 5 })
})

test('an unknown id is 404, a body past retention 410, and an id of several tenants 409 until it is said which', async () => {
  const { put, get } = setUp()
  put('evt_old', { body: null })
  put('evt_two')
  put('evt_two', { tenant: { connected: 'acct_1', livemode: true } })
  const codeOf = async (path: string) => {
    const { status, json } = await get(path)
    return [status, json.error?.code ?? json.connected]
  }

  assert.deepEqual(await codeOf('/api/v1/events/evt_none'), [404, 'event_unknown'])
  assert.deepEqual(await codeOf('/api/v1/events/evt_old?body=true'), [410, 'body_gone'])
  assert.deepEqual(await codeOf('/api/v1/events/evt_two'), [409, 'event_ambiguous'])
  assert.deepEqual(await codeOf('/api/v1/events/evt_two?connected=acct_1'), [200, 'acct_1'])
  assert.deepEqual(await codeOf('/api/v1/events/evt_two?connected='), [200, null])
  assert.deepEqual(await codeOf('/api/v1/events/evt_two?livemode=true'), [200, 'acct_1'])
  assert.match((await get('/api/v1/events/evt_two')).json.error.message, /connected=acct_1 livemode=true/)
})

test('strays are listed with their size, and their bytes only where they are asked for', async () => {
  const { strays, get } = setUp()
  strays.push({ id: 1, at: Date.UTC(2026, 0, 1), source: 'webhook default', why: 'odd', bytes: Buffer.from('{}!') })

  const { json } = await get('/api/v1/strays')

  assert.deepEqual(json.data, [{ id: 1, at: NOW, source: 'webhook default', why: 'odd', bytes: 3 }])
  assert.equal((await get('/api/v1/strays?body=true')).json.data[0].body, Buffer.from('{}!').toString('base64'))
})

test('status says what waits, what the store thinks of itself and what is paused', async () => {
  const { put, get, post, readiness } = setUp()
  put('evt_1')
  await post('/api/v1/actions/pause', { types: ['invoice.*'], why: 'deploy' })
  readiness.now = { ok: false, why: ['the disk is full'] }

  const { json } = await get('/api/v1/status')

  assert.deepEqual(json, {
    ...{ ok: false, roles: ['ingestion', 'processing'], broker: null, incidents: [] },
    backlog: { ready: 0, scheduled: 0, held: 0, running: 0, dead: 1, readyOldestMs: 1500 },
    store: { name: 'memory', findings: [{ level: 'ok', what: 'memory', remedy: null }] },
    controls: [
      {
        ...{ id: 'control_1', kind: 'pause', target: { types: ['invoice.*'] }, by: 'api', why: 'deploy' },
        ...{ at: NOW, expires: '2026-01-01T01:00:00.000Z' },
      },
    ],
  })
})

test('health is of the process, readiness of its work', async () => {
  const { get, readiness } = setUp()
  assert.deepEqual((await get('/healthz')).json, { ok: true })
  assert.deepEqual(await get('/readyz').then(({ status, json }) => [status, json]), [200, { ok: true, why: [] }])

  readiness.now = { ok: false, why: ['the ledger does not answer'] }

  assert.equal((await get('/healthz')).status, 200)
  assert.deepEqual(await get('/readyz').then(({ status, json }) => [status, json]), [503, readiness.now])
})

test('metrics come as Prometheus reads them', async () => {
  const { headers, text } = await setUp().get('/metrics')

  assert.match(headers.get('content-type') ?? '', /^text\/plain/)
  assert.equal(text, 'hookkeeper_up 1\n')
})

test('a preview over the API changes nothing, the action does, and the journal has who and why', async () => {
  const { put, get, post, events } = setUp()
  put('evt_1')

  const preview = await post('/api/v1/actions/replay?preview=true', { ids: ['evt_1'] })
  assert.deepEqual([preview.status, preview.json.verdict, preview.json.preview.rows], [200, 'previewed', 1])
  assert.equal(events[0]?.entry.state, 'dead')
  assert.deepEqual((await get('/api/v1/journal')).json.data, [])

  const done = await post('/api/v1/actions/replay', { ids: ['evt_1'], by: 'ada', why: 'mended' })
  assert.deepEqual(
    [done.json.verdict, done.json.receipt.rows, done.json.verified, done.json.journal],
    ['applied', 1, true, 1],
  )
  assert.equal(events[0]?.entry.state, 'waiting')
  const refused = await post('/api/v1/actions/replay', { ids: ['evt_1'] })
  assert.deepEqual([refused.status, refused.json.error.code], [409, 'action_refused'])
  const { data } = (await get('/api/v1/journal')).json
  assert.deepEqual(
    data.map(({ n, by, why, action, verdict }: Record<string, unknown>) => [n, by, why, action, verdict]),
    [
      [2, 'api', '', 'replay', 'refused'],
      [1, 'ada', 'mended', 'replay', 'applied'],
    ],
  )
})

test('an action that does not exist names those that do', async () => {
  const { status, json } = await setUp().post('/api/v1/actions/explode', {})

  assert.deepEqual([status, json.error.code], [404, 'action_unknown'])
  assert.match(json.error.remedy, /replay, discard, quarantine, release, record, pause, resume, reroute/)
})

test('a post must be JSON, of an object, within the limit', async () => {
  const { post, events, put } = setUp()
  put('evt_1')
  const to = '/api/v1/actions/replay'
  const codeOf = async (body: unknown, headers?: object) => {
    const { status, json } = await post(to, body, headers)
    return [status, json.error.code]
  }

  assert.deepEqual(await codeOf('ids=evt_1', { 'content-type': 'application/x-www-form-urlencoded' }), [
    415,
    'content_type_refused',
  ])
  assert.deepEqual(await codeOf('{"ids":["evt_1"]}', { 'content-type': 'text/plain' }), [415, 'content_type_refused'])
  assert.deepEqual(await codeOf('{"ids":["evt_1"]'), [400, 'action_input'])
  assert.deepEqual(await codeOf('["evt_1"]'), [400, 'action_input'])
  assert.deepEqual(await codeOf({ ids: ['evt_1'], why: 'x'.repeat(1001) }), [400, 'action_input'])
  assert.deepEqual(await codeOf(`{"ids":["evt_1"],"x":"${'x'.repeat(1024 * 1024)}"}`), [413, 'input_too_large'])
  assert.equal(events[0]?.entry.state, 'dead')
})

test('a backup goes to an absolute path and says how much was written', async () => {
  const { post } = setUp()

  assert.deepEqual((await post('/api/v1/backup', { path: '/tmp/copy.db' })).json, { path: '/tmp/copy.db', bytes: 12 })
  assert.equal((await post('/api/v1/backup', { path: 'copy.db' })).json.error.code, 'action_input')
})

test('what is not there is 404 in the same form as any other error', async () => {
  const { get, post } = setUp()

  for (const { status, json } of [await get('/api/v2'), await get('/'), await post('/api/v1/events', {})]) {
    assert.deepEqual([status, json.error.code], [404, 'route_unknown'])
    assert.ok(schemas.errorJson.safeParse(json).success)
  }
})

test('an unexpected error tells the caller nothing of what is underneath, and the log only its class and place', async () => {
  const { get, store, lines } = setUp()
  store.ledger.find = async () => {
    throw new TypeError('canary@example.com')
  }

  const { status, json, text } = await get('/api/v1/events')

  assert.deepEqual([status, json.error.code], [500, 'unexpected'])
  assert.ok(!text.includes('canary'))
  assert.match(JSON.stringify(lines), /TypeError/)
  assert.ok(!JSON.stringify(lines).includes('canary'))
})
