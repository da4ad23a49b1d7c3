import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { effectsOf } from '../chaos/books.ts'
import { eventBody, SECRET } from '../chaos/delivery.ts'
import { inFiles, ledgerFor, ledgerIn } from '../chaos/ground.ts'
import { allSettled, found, here, senderTo } from '../chaos/here.ts'
import { databaseUrl } from '../chaos/ledger.ts'
import { Sender } from '../chaos/sender.ts'
import { worked } from '../chaos/settle.ts'
import { Up } from '../chaos/up.ts'
import { envelope, pass, turns, virtual } from '../chaos/virtual.ts'
import { hookkeeper } from '../cli/run.ts'
import { Place } from '../services/place.ts'

const DRAIN_MS = 30_000
const SHORT = { HOOKKEEPER_PROCESSING_RETRY_ATTEMPTS: '4', HOOKKEEPER_PROCESSING_RETRY_BASE_MS: '5' }

interface Told {
  readonly state: string
  readonly reason: string | null
  readonly attempts: number
  readonly timeline: readonly { outcome?: string; to?: string; by?: string }[]
}

test('a poison event is dead after its schedule, its lane goes on, and do replay brings it back once the handler is mended', async (t) => {
  const place = new Place('poison')
  t.after(() => place.end())
  const cwd = await place.folder()
  const ledger = await ledgerIn(place)
  const env = { ...SHORT, MENDED: join(cwd, 'mended') }
  const up = await new Up({ place, ledger, port: await place.port(), handlers: 'mendable', env }).started()
  const sender = new Sender(up.origin)
  t.after(() => sender.close())
  const told = (id: string) => up.get<Told>(`/api/v1/events/${id}`)
  const counts: unknown[] = []
  up.onLine(({ msg, id }) => msg === 'counted' && counts.push(id))

  await sender.post(eventBody({ id: 'evt_poison', type: 'charge.failed' }))
  for (let n = 0; n < 5; n++) await sender.post(eventBody({ id: `evt_after_${n}` }))
  assert.equal(await worked(up, DRAIN_MS), 1)

  const dead = await told('evt_poison')
  assert.deepEqual([dead.state, dead.reason, dead.attempts], ['dead', 'exhausted', 4])
  assert.deepEqual(
    dead.timeline.map(({ outcome }) => outcome),
    ['retry', 'retry', 'retry', 'dead'],
  )
  for (let n = 0; n < 5; n++) assert.equal((await told(`evt_after_${n}`)).state, 'done')

  writeFileSync(env.MENDED, '')
  const done = await hookkeeper(['do', 'replay', 'evt_poison', '--why', 'mended', '--database', databaseUrl(ledger)], {
    cwd,
    env: { STRIPE_WEBHOOK_SECRET: SECRET },
  })
  assert.equal(done.code, 0, done.out + done.err)
  assert.equal(await worked(up, DRAIN_MS), 0)
  const back = await told('evt_poison')
  assert.deepEqual([back.state, back.reason, back.attempts], ['done', 'worked', 1])
  // The handler that had returned stays done: only what failed runs again.
  assert.equal(counts.filter((id) => id === 'evt_poison').length, 1)
})

if (inFiles())
  test('by the default schedule a poison event is tried 15 times within 52 hours, then it is dead', async (t) => {
    const { clock, store, handlers, worker, found } = await virtual(t)
    const failedAt: number[] = []
    handlers.on('invoice.paid', () => {
      failedAt.push(clock.now())
      throw new Error('never')
    })
    await store.ledger.admit([envelope(clock, { id: 'evt_poison' })])
    await worker.start()
    await turns()
    await pass(clock, { ms: 53 * HOUR_MS, stepMs: 60_000 })

    const [{ state, reason } = {}] = await found({ id: 'evt_poison' })
    assert.deepEqual([state, reason, failedAt.length], ['dead', 'exhausted', 15])
    assert.ok(failedAt.at(-1)! - failedAt[0]! <= 52 * HOUR_MS)
  })

const HOUR_MS = 3_600_000

test('a handler that ends its process: that event is dead (lost) after three, no other is, and none is doubled', async (t) => {
  const place = new Place('abort')
  t.after(() => place.end())
  const ledger = await ledgerIn(place)
  const options = { place, ledger, port: await place.port(), handlers: 'aborting' }
  let up = await new Up(options).started()
  const sender = new Sender(up.origin)
  t.after(() => sender.close())
  const send = (id: string, type?: string) => sender.post(eventBody({ id, type, customer: `cus_${id}` }))

  const before = Array.from({ length: 60 }, (_, n) => send(`evt_before_${n}`))
  const poison = send('evt_poison', 'charge.failed')
  const sent = await Promise.all([...before, poison])
  const acknowledged = sent.slice(0, 60).flatMap(({ status }, n) => (status === 200 ? [`evt_before_${n}`] : []))
  let deaths = 0
  for (; deaths < DEATHS_MAX; deaths++) {
    const ended = await Promise.race([up.gone, worked(up, DRAIN_MS).catch(() => up.gone)])
    if (typeof ended === 'number') break
    assert.equal(ended.signal, 'SIGABRT')
    up = await new Up(options).started()
  }

  assert.equal(deaths, 3)
  const { data } = await up.get<{ data: { id: string; reason: string }[] }>('/api/v1/events?state=dead')
  assert.deepEqual(
    data.map(({ id, reason }) => `${id} ${reason}`),
    ['evt_poison lost'],
  )
  const { timeline } = await up.get<Told>('/api/v1/events/evt_poison')
  assert.deepEqual(
    timeline.map(({ outcome }) => outcome),
    ['lost', 'lost', 'lost', 'dead'],
  )
  assert.equal((await up.stop()).code, 0)
  const effects = (await effectsOf(ledger)).map(({ id }) => id)
  assert.equal(new Set(effects).size, effects.length)
  assert.deepEqual(
    acknowledged.filter((id) => !effects.includes(id)),
    [],
  )
})

const DEATHS_MAX = 10

test('of two handlers the second fails twice: the first ran once', async (t) => {
  const cluster = here(t, await ledgerFor(t), { processing: { retry: { baseMs: 1 } } })
  const ran = { first: 0, second: 0 }
  cluster.on('*', { name: 'first' }, () => void ran.first++)
  cluster.on('*', { name: 'second' }, () => {
    if (++ran.second < 3) throw new Error('not yet')
  })
  await cluster.start()

  await senderTo(t, cluster).post(eventBody({ id: 'evt_1' }))
  await allSettled(cluster)

  assert.deepEqual(ran, { first: 1, second: 3 })
  assert.equal((await found(cluster))[0]?.state, 'done')
})

test('of two handlers the first always throws: the second ran, once, and the event is dead', async (t) => {
  const cluster = here(t, await ledgerFor(t), { processing: { retry: { baseMs: 1, attempts: 3 } } })
  const ran = { first: 0, second: 0 }
  cluster.on('*', { name: 'first' }, () => {
    ran.first++
    throw new Error('never')
  })
  cluster.on('*', { name: 'second' }, () => void ran.second++)
  await cluster.start()

  await senderTo(t, cluster).post(eventBody({ id: 'evt_1' }))
  await allSettled(cluster)

  assert.deepEqual(ran, { first: 3, second: 1 })
  assert.equal((await found(cluster))[0]?.reason, 'exhausted')
})
