import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Cluster } from '../../src/index.ts'
import { eventBody, SECRET, signatureOf } from '../chaos/delivery.ts'
import { allSettled, folderFor, here, signal } from '../chaos/here.ts'

const INDEX = JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)

/** What the module under test tells: which evaluation's handler worked which event. */
const worked: string[] = []
const gate = { begun: signal(), open: signal() }
Object.assign(globalThis, { worked, gate })

/** A module as people write it, and a way to evaluate it again, as a server that reloads code does. */
async function module(t: TestContext, make: 'globalCluster(make)' | 'make()') {
  const file = join(folderFor(t), 'hookkeeper.mjs')
  const options = {
    databaseUrl: `sqlite:${join(folderFor(t), 'ledger.db')}`,
    ingestion: { host: '127.0.0.1', port: 0 },
    console: { port: 0 },
    log: { level: 'error' },
  }
  await writeFile(
    file,
    `import { createCluster, globalCluster } from ${INDEX}
     const evaluation = new URL(import.meta.url).search
     const secret = evaluation === '?rotated' ? '${SECRET}_new' : '${SECRET}'
     const make = () => {
       const accounts = { default: { webhookSecrets: secret } }
       const cluster = createCluster({ ...${JSON.stringify(options)}, accounts })
       cluster.on('invoice.paid', async (event) => {
         if (event.id === 'evt_slow') { gate.begun.resolve(); await gate.open.promise }
         worked.push(event.id + evaluation)
       })
       return cluster
     }
     export const cluster = ${make}`,
  )
  return async (evaluation: string): Promise<Cluster> => {
    const { cluster } = (await import(`${pathToFileURL(file)}?${evaluation}`)) as { cluster: Cluster }
    t.after(() => cluster.stop())
    return cluster
  }
}

async function deliver(cluster: Cluster, id: string, secret = SECRET): Promise<number> {
  const body = eventBody({ id, customer: id })
  const headers = { 'stripe-signature': signatureOf(body, undefined, secret) }
  const { status } = await cluster.fetch(
    new Request('http://shop.test/', { method: 'POST', headers, body: new Uint8Array(body) }),
  )
  return status
}

test('a module that is evaluated again gets the same cluster, and its new handlers work from then on', async (t) => {
  const evaluate = await module(t, 'globalCluster(make)')
  const first = await evaluate('first')
  await first.start(['processing'])
  assert.equal(await deliver(first, 'evt_before'), 200)
  await allSettled(first)

  const second = await evaluate('second')
  await second.start(['processing'])
  assert.equal(await deliver(second, 'evt_after'), 200)
  await allSettled(second)

  assert.equal(second, first)
  assert.deepEqual(second.handlers, ['invoice.paid'])
  assert.deepEqual(worked.splice(0), ['evt_before?first', 'evt_after?second'])
})

test('what runs while the code is replaced ends with the handler that it began with, once', async (t) => {
  const evaluate = await module(t, 'globalCluster(make)')
  const cluster = await evaluate('first')
  await cluster.start(['processing'])
  await deliver(cluster, 'evt_slow')
  await gate.begun.promise

  await evaluate('second')
  gate.open.resolve()
  await allSettled(cluster)

  assert.deepEqual(worked.splice(0), ['evt_slow?first'])
})

test('a secret that was rotated counts from the next evaluation on', async (t) => {
  const evaluate = await module(t, 'globalCluster(make)')
  const cluster = await evaluate('first')
  await cluster.start(['processing'])
  assert.equal(await deliver(cluster, 'evt_new', `${SECRET}_new`), 400)

  await evaluate('rotated')

  assert.equal(await deliver(cluster, 'evt_new', `${SECRET}_new`), 200)
  assert.equal(await deliver(cluster, 'evt_old'), 400)
  await allSettled(cluster)
  worked.length = 0
})

test('without globalCluster the second evaluation is refused with its name', async (t) => {
  const evaluate = await module(t, 'make()')
  await (await evaluate('first')).start(['processing'])

  await assert.rejects((await evaluate('second')).start(['processing']), {
    code: 'ledger_twice',
    remedy: /globalCluster\(/,
  })
})

test('an embedded cluster is found by other verbs as long as it lives', async (t) => {
  const { findRunning, runFile } = await import('../../src/cluster/running.ts')
  const folder = folderFor(t)
  const cluster = here(t, folder)
  const file = runFile(join(folder, 'ledger.db'))
  await cluster.start(['processing'])

  const found = await findRunning(file)
  assert.equal(found?.private, cluster.privateAddress())
  await cluster.stop()

  assert.deepEqual([found?.pid, found?.public, found?.roles], [process.pid, null, ['processing']])
  assert.equal(await findRunning(file), null)
})

test('a delivery to a cluster that was not started, or was stopped, gets 503 and ends no process', async (t) => {
  const cluster = here(t, folderFor(t))
  assert.equal(await deliver(cluster, 'evt_early'), 503)

  await cluster.start(['processing'])
  assert.equal(await deliver(cluster, 'evt_between'), 200)
  await allSettled(cluster)
  await cluster.stop()

  assert.equal(await deliver(cluster, 'evt_late'), 503)
})
