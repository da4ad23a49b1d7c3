import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import Stripe from 'stripe'
import { templates } from '../../bench/load/bodies.ts'
import { peerProgram, peersPresent } from '../../bench/peers/programs.ts'
import { launch } from '../../bench/subjects/launch.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { sql } from '../services/postgres-server.ts'
import { psql } from '../services/psql.ts'
import { redis } from '../services/redis.ts'
import { ask } from '../services/redis-server.ts'
import { service } from '../services/service.ts'

const SECRET = 'whsec_right'
// A server that was given may hold the events of an earlier run.
const ID = randomBytes(12).toString('hex')
const CHARGE = templates(1)[0]!
  .body.toString()
  .replaceAll(/(?<=evt_|ch_)[EC]{24}/g, ID)

const peers = await service<(file: string) => Promise<URL>>('bench-peers', {
  from: 'npm',
  env: 'TEST_BENCH_PEERS',
  present: peersPresent,
  install: async () => void (await peerProgram('express-bullmq.mjs')),
  connect: async (folder) => async (file) => pathToFileURL(join(folder, file)),
  start: async () => peerProgram,
})

/** A peer, where it keeps its events, and how many it has kept there. */
const KEEPERS = [
  { file: 'express-bullmq.mjs', skip: redis.skip, store: redis, kept: jobsInRedis },
  {
    file: 'fastify-pg-boss.mjs',
    skip: postgres.skip || psql.skip,
    store: postgres,
    kept: (url: string) => sql(url, 'select count(*) from pgboss.job').then(Number),
  },
  {
    file: 'fastify-sync-engine.mjs',
    skip: postgres.skip || psql.skip,
    store: postgres,
    kept: (url: string) => sql(url, 'select count(*) from stripe.charges').then(Number),
  },
]

for (const { file, skip, store, kept } of KEEPERS)
  test(`${file} refuses a bad signature, and keeps what comes twice once`, { skip: peers.skip || skip }, async (t) => {
    const { url } = await store.ready()
    const port = await started(t, file, url)
    const before = await kept(url)

    assert.equal(await deliver(port, 'whsec_wrong'), 400)
    assert.equal(await kept(url), before)
    assert.equal(await deliver(port, SECRET), 200)
    assert.equal(await deliver(port, SECRET), 200)
    assert.equal(await kept(url), before + 1)
  })

async function started(t: TestContext, file: string, url: string): Promise<number> {
  const program = await (await peers.ready())(file)
  const place = new Place('peer')
  t.after(() => place.end())
  const running = await launch(file, program, { dir: await place.folder(), secret: SECRET, url })
  t.after(() => running.stop())
  return running.port
}

async function deliver(port: number, secret: string): Promise<number> {
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: CHARGE, secret })
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
    body: CHARGE,
  })
  return response.status
}

async function jobsInRedis(url: string): Promise<number> {
  const [, waiting] = /^:(\d+)/.exec(await ask(url, 'LLEN', 'bull:stripe:wait')) ?? []
  return Number(waiting)
}
