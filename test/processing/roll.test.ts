import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { createHandlers } from '../../src/processing/handlers.ts'
import { Roll } from '../../src/processing/roll.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Workers } from '../../src/store/workers.ts'
import { envelope, pass, turns } from '../chaos/virtual.ts'
import { room } from './room.ts'

/** Workers of several releases on one ledger, as processes on a shared store are. */
async function fleet(t: TestContext) {
  const clock = new VirtualClock()
  const store = await openSqlite({ path: ':memory:', thread: false, clock })
  const ran: string[] = []
  t.after(() => store.close())

  async function join(name: string, release: string, patterns: readonly string[]) {
    const handlers = createHandlers()
    for (const pattern of patterns) handlers.on(pattern, ({ id }) => void ran.push(`${id} ${pattern}`))
    let dead = false
    const workers = {
      ...store.workers,
      beat: (own: Parameters<Workers['beat']>[0]) =>
        dead ? Promise.reject(new Error('killed')) : store.workers.beat(own),
    }
    const roll = new Roll({ workers, handlers, clock, log: silent, name, release })
    const share: Roll['share'] = (handles) => roll.share(handles)
    const { worker } = room({ ...{ store, handlers, clock, share, name, release }, random: () => 0.5 })
    await roll.start()
    await worker.start()
    return {
      async leave() {
        await Promise.all([worker.stop(), clock.advance(15_000)])
        await roll.stop()
      },
      /** Its last beat stands until its time is over. */
      async die() {
        dead = true
        await Promise.all([worker.stop(), clock.advance(1)])
      },
    }
  }
  let sent = 0
  const admit = async (type: string) => {
    const id = `evt_${++sent}`
    const body = Buffer.from(JSON.stringify({ id, object: 'event', type, data: { object: { id } } }))
    await store.ledger.admit([envelope(clock, { id, type, body })])
    await turns()
    return id
  }
  const state = async (id: string) => {
    const [entry] = (await store.ledger.find({ id, limit: 1 })).data
    return `${entry?.state} ${entry?.reason} ${entry?.release}`
  }
  return { clock, ran, join, admit, state }
}

test('a rolling restart that adds a handler: from the first beat that is heard on, no event is done without it, and none is done twice', async (t) => {
  const { clock, ran, join, admit, state } = await fleet(t)
  const old = await join('old', 'r1', ['invoice.paid'])
  const first = await admit('invoice.paid')
  assert.equal(await state(first), 'done worked r1')

  await clock.advance(1_000)
  const fresh = await join('new', 'r2', ['invoice.paid', 'invoice.*'])
  await pass(clock, { ms: 6_000, stepMs: 1_000 })
  const during = [await admit('invoice.paid'), await admit('invoice.paid'), await admit('payout.paid')]
  await pass(clock, { ms: 2_000, stepMs: 500 })
  await old.leave()
  const after = await admit('invoice.paid')
  await pass(clock, { ms: 2_000, stepMs: 500 })

  for (const id of [during[0]!, during[1]!, after]) {
    assert.equal(await state(id), 'done worked r2')
    assert.deepEqual(
      ran.filter((line) => line.startsWith(`${id} `)),
      [`${id} invoice.paid`, `${id} invoice.*`],
    )
  }
  assert.equal(await state(during[2]!), 'done unhandled r2')
  await fresh.leave()
})

test('what only a worker handled that was killed is taken over when it has been silent for three beats', async (t) => {
  const { clock, join, admit, state } = await fleet(t)
  const one = await join('one', 'r1', ['charge.failed'])
  const other = await join('other', 'r2', ['invoice.paid'])
  await pass(clock, { ms: 6_000, stepMs: 1_000 })
  await one.die()

  const waits = await admit('charge.failed')
  assert.equal(await state(waits), 'waiting null null')
  await pass(clock, { ms: 17_000, stepMs: 1_000 })

  assert.equal(await state(waits), 'done unhandled r2')
  await other.leave()
})
