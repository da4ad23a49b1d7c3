import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { z } from 'zod'
import { actions } from '../../src/actions/list.ts'
import * as schemas from '../../src/console/schemas.ts'
import { dead, retry, Scene } from '../../src/testing/scene.ts'
import { local } from '../conformance/sqlite.ts'
import { setUp } from './setup.ts'

/** The API over the embedded store, in which events are in every state and everything that is listed has a row. */
async function lived(context: TestContext) {
  const opened = await local.open()
  context.after(() => opened.close())
  const scene = new Scene(opened)
  const failed = await scene.admit({ customer: 'cus_1', object: 'in_1' })
  await scene.work(retry())
  await scene.work(dead('exhausted'))
  const done = await scene.admit({ tenant: { account: 'eu', connected: 'acct_1', livemode: false } })
  await scene.work()
  const running = await scene.admit()
  await scene.leaseOne()
  await scene.admit({ as: 'hold' })
  await scene.ledger.keep([{ bytes: Buffer.from([0xff, 0x7b]), source: 'webhook default', why: 'it is no event' }])
  return { ...setUp(scene.store), failed, done, running }
}

test('what the API says of the embedded store is what its schemas promise', async (context) => {
  const { get, post, failed, done, running } = await lived(context)
  const good = async (path: string, schema: z.ZodType) => {
    const { status, json } = await get(path)
    assert.equal(status, 200, path)
    assert.deepEqual(schema.parse(json), json, path)
    return json
  }
  await post('/api/v1/actions/pause', { types: ['charge.*'], accounts: ['eu'], why: 'deploy' })
  await post('/api/v1/actions/reroute', { by: 'ada' })
  await post('/api/v1/actions/discard', { ids: [failed.id] })
  await post('/api/v1/actions/discard', { ids: [failed.id] })

  assert.equal((await good('/api/v1/events', schemas.events)).data.length, 4)
  assert.ok((await good('/api/v1/events?limit=1', schemas.events)).next)
  const story = await good(`/api/v1/events/${failed.id}?body=true`, schemas.story)
  assert.deepEqual(
    story.timeline.map(({ outcome, to }: Record<string, unknown>) => outcome ?? to),
    ['retry', 'dead', 'discard'],
  )
  for (const { id } of [done, running]) await good(`/api/v1/events/${id}`, schemas.story)
  assert.equal((await good('/api/v1/strays', schemas.strays)).data.length, 1)
  assert.equal((await good('/api/v1/strays?body=true', schemas.strays)).data[0].body, '/3s=')
  assert.equal((await good('/api/v1/status', schemas.status)).controls.length, 2)
  assert.deepEqual(
    (await good('/api/v1/journal', schemas.journal)).data.map(({ verdict }: { verdict: string }) => verdict),
    ['refused', 'applied', 'applied', 'applied'],
  )
  schemas.errorJson.parse((await get('/api/v1/events/evt_none')).json)
})

test('every action over the embedded store answers as its schema promises, previewed and applied', async (context) => {
  const { post, failed } = await lived(context)
  const inputs: Record<string, object> = {
    replay: { ids: [failed.id] },
    discard: { state: 'dead' },
    quarantine: { ids: [failed.id] },
    release: { held: true },
    record: { held: true },
    pause: { types: ['*'], ttl: '30m' },
    resume: { all: true },
    reroute: { destination: 'app' },
  }

  for (const { name } of actions) {
    const preview = await post(`/api/v1/actions/${name}?preview=true`, inputs[name])
    assert.deepEqual([preview.status, schemas.performed.parse(preview.json).verdict], [200, 'previewed'], name)
    const applied = await post(`/api/v1/actions/${name}`, inputs[name])
    const { verdict, verified } = schemas.performed.parse(applied.json)
    assert.deepEqual([applied.status, verdict, verified], [200, 'applied', true], name)
  }
})
